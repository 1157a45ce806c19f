internal import Glibc

/// A page shared with the process that started this one: what is being done, so that it can be said of a crash.
///
/// Invariant behind `@unchecked Sendable`: written by the one thread that looks at rules.
final class Progress: @unchecked Sendable {
    static let capacity = 4096
    private let page: UnsafeMutableRawPointer

    init?(descriptor: Int32) {
        guard ftruncate(descriptor, off_t(Self.capacity)) == 0,
            let mapped = mmap(nil, Self.capacity, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            mapped != MAP_FAILED
        else { return nil }
        page = mapped
    }

    func step(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            let count = min(bytes.count, Self.capacity - 1)
            if let base = bytes.baseAddress { page.copyMemory(from: base, byteCount: count) }
            page.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
        }
    }

    /// What a process wrote last.
    static func read(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: capacity)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return "" }
        return String(decoding: bytes[..<count].prefix { $0 != 0 }, as: UTF8.self)
    }
}
