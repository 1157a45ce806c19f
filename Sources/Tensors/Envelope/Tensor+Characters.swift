extension Tensor {
    /// Unicode scalars of all elements of a `bytes` tensor, where they are UTF-8; 0 for other tensors.
    package var characterCount: Int {
        guard dataType == .bytes else { return 0 }
        return withBytes { bytes in
            // Each character has one byte that isn't a continuation.
            bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
        }
    }
}
