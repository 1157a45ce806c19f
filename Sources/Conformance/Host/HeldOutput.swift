internal import CSluicePlugin
internal import Glibc
internal import Tensors

/// An output in the plugin's own memory, between its response and its release.
///
/// Invariant behind `@unchecked Sendable`: `tensor` is used by `release` alone, which is called once.
final class HeldOutput: @unchecked Sendable {
    private var tensor: sluice_tensor
    /// What it held when it was handed over.
    private let copy: Tensor

    /// Moves the tensor here, as in Arrow's C data interface: the original's `release` becomes null.
    init(moving original: inout sluice_tensor, copy: Tensor) {
        tensor = original
        original.release = nil
        self.copy = copy
    }

    /// Gives the memory back; what was wrong about it.
    func release() -> String? {
        let isSame = copy.withBytes { bytes in
            guard let now = tensor.data, let then = bytes.baseAddress, bytes.count > 0 else { return true }
            return memcmp(then, now + Int(clamping: tensor.byte_offset), bytes.count) == 0
        }
        guard let function = tensor.release else { return nil }
        function(&tensor)
        if !isSame { return "output \"\(copy.name)\" was written to after it had been handed over" }
        if tensor.release != nil {
            return "release() of output \"\(copy.name)\" has not set tensor->release to NULL"
        }
        return nil
    }
}
