internal import Tensors

/// The bytes of a BOOL tensor that came from outside: C and C++ plugins may take no other than 0 and 1.
enum BooleanBytes {
    /// - Throws: `invalid_input`, naming the first byte that is neither.
    static func check(_ bytes: UnsafeRawBufferPointer, input: String) throws(SluiceError) {
        guard let index = bytes.firstIndex(where: { $0 > 1 }) else { return }
        throw SluiceError(
            .invalidInput, "input \"\(input)\": element \(index) is the byte \(bytes[index]); a BOOL is 0 or 1",
            detail: [.init("input", input), .init("element", index)])
    }
}
