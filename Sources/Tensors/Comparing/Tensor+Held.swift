extension Tensor {
    /// Bytes that the tensor takes, with the offsets of BYTES.
    package var heldBytes: Int { byteCount + (offsets?.byteCount ?? 0) }
}
