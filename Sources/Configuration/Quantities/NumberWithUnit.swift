/// Text that is a whole number followed by a unit.
enum NumberWithUnit {
    /// The number, and what follows; `nil` where no number comes first or it doesn't fit 64 bits.
    static func split(_ text: String) -> (number: Int64, unit: Substring)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits) else { return nil }
        return (number, text[digits.endIndex...])
    }
}
