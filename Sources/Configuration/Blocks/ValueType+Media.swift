/// How sizes of pictures, rates and factors are written.
enum MediaText {
    /// `40MP`, or a whole number of pixels.
    static func pixels(_ text: String) -> Int? {
        let digits = text.prefix { $0.isNumber }
        guard let count = Int(digits), !digits.isEmpty else { return nil }
        let factor: Int? =
            switch text.dropFirst(digits.count) {
            case "": 1
            case "KP": 1_000
            case "MP": 1_000_000
            default: nil
            }
        guard let factor, (1...(1 << 30)).contains(count), count <= (1 << 30) / factor else { return nil }
        return count * factor
    }

    /// `16kHz`, `44.1kHz`, `22050Hz`, or a whole number of hertz.
    static func hertz(_ text: String) -> Int? {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(digits) else { return nil }
        let hertz: Double? =
            switch text.dropFirst(digits.count) {
            case "", "Hz": value
            case "kHz": value * 1_000
            default: nil
            }
        guard let hertz, hertz == hertz.rounded(), (1_000...192_000).contains(hertz) else { return nil }
        return Int(hertz)
    }

    /// `0.5`, or `1/255`.
    static func factor(_ text: String) -> Double? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = number(parts[0]) else { return nil }
        guard parts.count == 2 else { return first }
        guard let second = number(parts[1]), second != 0, (first / second).isFinite else { return nil }
        return first / second
    }

    private static func number(_ text: Substring) -> Double? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }) else { return nil }
        guard let value = Double(text), abs(value) <= 1e6 else { return nil }
        return value
    }

    /// `224x224`.
    static func sides(_ text: String) -> String? {
        let sides = text.split(separator: "x", omittingEmptySubsequences: false)
        guard sides.count == 2, sides.allSatisfy({ side($0) != nil }) else { return nil }
        return text
    }

    /// `224`, the shorter side, or both.
    static func oneOrBothSides(_ text: String) -> String? {
        side(text[...]) != nil ? text : sides(text)
    }

    private static func side(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let side = Int(text), (1...32_768).contains(side)
        else { return nil }
        return side
    }
}

extension ValueType where Value == Int {
    /// Pixels of a picture.
    static var pixels: Self {
        .parsed(
            "a number of pixels", example: "40MP",
            form: .either([.integer(1...(1 << 30)), .written("^[0-9]+[KM]P$")]), parse: MediaText.pixels)
    }

    /// Samples a second.
    static var hertz: Self {
        .parsed(
            "a sample rate", example: "16kHz",
            form: .either([.integer(1_000...192_000), .written("^[0-9.]+k?Hz$")]), parse: MediaText.hertz)
    }
}

extension ValueType where Value == Double {
    /// A number, or one divided by another.
    static var factor: Self {
        .parsed(
            "a number", example: "1/255", form: .either([.number(-1e6...1e6), .written("^[0-9.eE+-]+/[0-9.eE+-]+$")]),
            parse: MediaText.factor)
    }
}

/// One of a few words that only the plugin knows the meaning of.
struct MediaWord {
    static func type(_ words: [String]) -> ValueType<String> {
        ValueType<String>(
            "one of \(words.joined(separator: ", "))", example: words[0], form: .word(words)
        ) { node, what, reading in
            guard let text = ValueType<String>.text(example: words[0]).read(node, what, reading) else { return nil }
            if words.contains(text) { return text }
            reading.error(
                "\(what) can't be \(quoted(text))", at: node.span,
                Suggestion.text(for: text, in: words, label: "known words"))
            return nil
        }
    }
}
