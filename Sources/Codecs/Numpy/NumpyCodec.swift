package import Tensors

/// NumPy's `.npy` files: one array.
package enum NumpyCodec {
    /// Reads an array as the model's only input, converting its type to the declared one.
    ///
    /// Numbers become floats by rounding and integers only where they are exact; `S` and `U` arrays become BYTES. An array
    /// that lacks just a free first dimension is one row.
    ///
    /// - Parameter input: what `Sluice-Input` says.
    /// - Throws: `malformed_body` for what is no npy file, `invalid_input` for an array that the input doesn't take.
    package static func decode(
        _ body: RequestBody, input: String?, signature: ModelSignature
    ) throws(SluiceError) -> Tensor {
        try decode(body, for: try signature.onlyInput(named: input, body: "an npy body"))
    }

    /// Reads an array as one input.
    ///
    /// - Throws: `malformed_body`; `invalid_input`.
    static func decode(_ body: RequestBody, for spec: TensorSpec) throws(SluiceError) -> Tensor {
        let bytes = body.bytes
        defer { withExtendedLifetime(body.storage) {} }
        let header = try NumpyHeader(bytes)
        let type = try NumpyType(header.typeText)
        guard let count = Shape.elementCount(header.shape),
            case let (byteCount, overflow) = count.multipliedReportingOverflow(by: type.width), !overflow
        else {
            throw SluiceError(
                .malformedBody, "the npy header's shape \(Shape.text(header.shape)) is larger than any body")
        }
        guard byteCount == bytes.count - header.dataOffset else {
            throw SluiceError(
                .malformedBody,
                """
                the npy header says \(type.name)\(Shape.text(header.shape)), which takes \(byteCount) bytes, \
                but \(bytes.count - header.dataOffset) follow it
                """)
        }
        try requireCompatible(type, spec)
        let reader = NumpyReader(
            name: spec.name, type: type, arrayShape: header.shape, isFortranOrder: header.isFortranOrder,
            shape: spec.rowShape(header.shape), count: count,
            bytes: UnsafeRawBufferPointer(rebasing: bytes[header.dataOffset...]))
        return try reader.tensor(
            of: spec.dataType, storage: body.storage, byteOffset: body.range.lowerBound + header.dataOffset)
    }

    /// Strings stay strings and numbers numbers.
    private static func requireCompatible(_ type: NumpyType, _ spec: TensorSpec) throws(SluiceError) {
        guard type.isString != (spec.dataType == .bytes) else { return }
        throw SluiceError(
            .invalidInput,
            "input \"\(spec.name)\" (\(spec.text)) takes \(type.isString ? "numbers" : "strings"), "
                + "but the npy array holds \(type.name)",
            detail: [.init("input", spec.name), .init("expected", spec.text), .init("got", type.name)])
    }
}
