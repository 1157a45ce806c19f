internal import Synchronization

/// Makes request ids: 15 digits and small letters, random per process and counted up, so unique and hard to guess across
/// processes but cheap to make, and short enough that Swift keeps them without memory of their own.
enum RequestID {
    private static let seed = (UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0..<1 << 11))
    private static let counter = Atomic<UInt64>(0)
    /// Crockford's 32 digits: none looks like another.
    private static let digits: InlineArray<32, UInt8> = {
        var digits = InlineArray<32, UInt8>(repeating: 0)
        for (index, digit) in "0123456789abcdefghjkmnpqrstvwxyz".utf8.enumerated() { digits[index] = digit }
        return digits
    }()

    /// A fresh id.
    static func make() -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        // A bijection of the counter, so ids don't repeat and don't tell how many requests there were.
        var mixed = number &* 0x9E37_79B9_7F4A_7C15 &+ seed.0
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed ^= mixed >> 31
        return unsafe String(unsafeUninitializedCapacity: 15) { buffer in
            // Twelve digits hold 60 bits of it, the last three its other four and eleven of the process's own.
            var rest = mixed
            for index in 0..<12 {
                unsafe buffer[index] = digits[Int(rest & 31)]
                rest >>= 5
            }
            rest |= seed.1 << 4
            for index in 12..<15 {
                unsafe buffer[index] = digits[Int(rest & 31)]
                rest >>= 5
            }
            return 15
        }
    }

    /// Whether a client's own id may be used: 1 to 128 visible ASCII characters.
    static func isAcceptable(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
