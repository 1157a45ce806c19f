package import Tensors

/// Apache Arrow's IPC streams: tables by columns, in batches of rows.
package enum ArrowCodec {
    /// Reads a stream as the model's inputs: a column of lists is the input of its name, and the others go by the rules of
    /// tables (`ColumnMapping`). Numbers are converted as npy arrays' are.
    ///
    /// - Parameter nullsAreNaN: whether a value of a floating-point input may be missing; else nulls are refused.
    /// - Throws: `malformed_body` for what is no Arrow stream, `invalid_input` for columns and values that the model doesn't
    ///   take.
    package static func decode(
        _ body: RequestBody, nullsAreNaN: Bool, signature: ModelSignature
    ) throws(SluiceError) -> [Tensor] {
        defer { withExtendedLifetime(body.storage) {} }
        var reader = ArrowReader(signature: signature, nullsAreNaN: nullsAreNaN)
        return try reader.read(body.bytes)
    }
}
