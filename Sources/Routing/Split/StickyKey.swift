internal import Configuration

/// The hash of what keeps requests together: the same on every gateway and after every restart.
package enum StickyKey {
    /// FNV-1a with a last stir, as its high bits alone are poor.
    package static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return stirred(hash)
    }

    /// Two hashes in one.
    static func joined(_ left: UInt64, _ right: UInt64) -> UInt64 {
        stirred(left ^ (right &* 0x9E37_79B9_7F4A_7C15))
    }

    /// Where of a whole, in hundredths of a percent, a key stands: a canary takes those below its share, so that a share
    /// that grows leaves those where they are that it had before.
    static func part(of key: UInt64) -> Int {
        Int(key.multipliedFullWidth(by: UInt64(CanaryConfiguration.whole)).high)
    }

    /// The last step of SplitMix64.
    private static func stirred(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
