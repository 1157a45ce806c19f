/// Shares as users write them: `10%`, `0.25%`; counted in hundredths of a percent.
package enum ShareText {
    /// `nil` where `text` is none, is more than everything, or is finer than a hundredth of a percent.
    package static func parse(_ text: String) -> Int? {
        guard text.hasSuffix("%"), text.utf8.count <= 7 else { return nil }
        let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }),
            let whole = Int(parts[0])
        else { return nil }
        var hundredths = 0
        if parts.count == 2 {
            guard parts[1].utf8.count <= 2, let digits = Int(parts[1]) else { return nil }
            hundredths = parts[1].utf8.count == 1 ? digits * 10 : digits
        }
        let share = whole * 100 + hundredths
        return share <= CanaryConfiguration.whole ? share : nil
    }

    /// The share as users write it, without zeros that say nothing.
    package static func text(_ share: Int) -> String {
        let (whole, hundredths) = share.quotientAndRemainder(dividingBy: 100)
        guard hundredths != 0 else { return "\(whole)%" }
        return hundredths % 10 == 0
            ? "\(whole).\(hundredths / 10)%" : "\(whole).\(hundredths < 10 ? "0" : "")\(hundredths)%"
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension ValueType where Value == Int {
    /// A part of all requests.
    static var share: Self {
        .parsed("a share", example: "10%", parse: ShareText.parse)
    }
}
