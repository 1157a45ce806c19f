internal import Synchronization

/// Makes request ids: 24 hexadecimal digits, random per process and counted up, so unique and hard to guess across
/// processes but cheap to make.
enum RequestID {
    private static let seed = UInt64.random(in: 0...UInt64.max)
    private static let counter = Atomic<UInt64>(0)

    /// A fresh id.
    static func make() -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        // A bijection of the counter, so ids don't repeat and don't tell how many requests there were.
        var mixed = number &* 0x9E37_79B9_7F4A_7C15 &+ seed
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed ^= mixed >> 31
        return unsafe String(unsafeUninitializedCapacity: 24) { buffer in
            unsafe write(mixed, digits: 16, to: UnsafeMutableBufferPointer(rebasing: buffer[..<16]))
            unsafe write(seed >> 32, digits: 8, to: UnsafeMutableBufferPointer(rebasing: buffer[16..<24]))
            return 24
        }
    }

    private static func write(_ number: UInt64, digits: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) {
        for index in 0..<digits {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(4 * (digits - 1 - index)) & 15)
            unsafe buffer[index] = digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a")
        }
    }

    /// Whether a client's own id may be used: 1 to 128 visible ASCII characters.
    static func isAcceptable(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
