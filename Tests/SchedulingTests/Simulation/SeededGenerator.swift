/// Random numbers that are the same for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether something happens that does so `numerator` times in `denominator`.
    mutating func happens(_ numerator: Int, in denominator: Int) -> Bool { pick(denominator) < numerator }

    /// A number from 0 up to `count`, quicker than the standard library's in debug builds.
    mutating func pick(_ count: Int) -> Int { Int(next() >> 33) % count }
}
