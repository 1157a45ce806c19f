internal import Glibc

/// Memory that ends at a page nobody may touch, and that may be made read-only: a plugin that reads past the end or
/// writes where it may only read crashes on the spot.
///
/// The start is aligned to 64 bytes, as the ABI promises, so up to 63 bytes after the end can still be touched unseen.
///
/// Invariant behind `@unchecked Sendable`: the block is filled by its maker before a plugin sees it.
final class GuardedMemory: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int
    private let readable: Int

    /// - Parameter isFenced: whether the page after the end may not be touched, and not just isn't the plugin's.
    init(byteCount: Int, isFenced: Bool = true) {
        let page = 4096
        readable = (max(byteCount, 1) + page - 1) / page * page
        mappedBytes = readable + page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let mapped = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, flags, -1, 0), mapped != MAP_FAILED else {
            fatalError("the kit can't map \(mappedBytes) bytes")
        }
        mapping = mapped
        if isFenced { mprotect(mapping + readable, page, PROT_NONE) }
        base = mapping + (readable - (byteCount + 63) / 64 * 64)
    }

    /// Memory with these bytes: fenced, or else read-only.
    convenience init(_ bytes: UnsafeRawBufferPointer, readOnly: Bool) {
        self.init(byteCount: bytes.count, isFenced: !readOnly)
        if let source = bytes.baseAddress { base.copyMemory(from: source, byteCount: bytes.count) }
        if readOnly { mprotect(mapping, readable, PROT_READ) }
    }

    deinit { munmap(mapping, mappedBytes) }
}
