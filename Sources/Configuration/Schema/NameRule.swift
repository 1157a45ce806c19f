/// Which characters a name may have.
enum NameRule: Sendable {
    /// Letters, digits and `. _ -`.
    case plain
    /// `plain` names joined by `/`.
    case model
    /// `model` with `*` anywhere.
    case pattern
    /// Letters, digits and `. _ -` with `*` anywhere.
    case object
    /// Any text that is one line.
    case text

    private var characters: String {
        switch self {
        case .plain: "letters, digits and . _ -"
        case .model: "letters, digits and . _ - /"
        case .pattern: "letters, digits and . _ - / *"
        case .object: "letters, digits and . _ - *"
        case .text: "characters that can be seen"
        }
    }

    private func allows(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
        case "/": self != .plain && self != .object
        case "*": self == .pattern || self == .object || self == .text
        case "\n", "\r", "\t": false
        default: self == .text && !SourceText.isForbidden(scalar)
        }
    }

    /// Whether `name` is possible; where not, why is reported.
    @discardableResult
    func check(_ name: String, of thing: String, at span: SourceSpan, _ reading: Reading) -> Bool {
        if name.isEmpty {
            reading.error("the name of a \(thing) is empty", at: span)
        } else if name.unicodeScalars.count > Bounds.nameLength {
            reading.error("the name of a \(thing) is longer than \(Bounds.nameLength) characters", at: span)
        } else if let wrong = name.unicodeScalars.first(where: { !allows($0) }) {
            let character = quoted(String(Character(wrong)))
            reading.error(
                "\(character) can't be in the name of a \(thing)", at: span, "names are made of \(characters)")
        } else if self != .text, name.hasPrefix("/") || name.hasSuffix("/") || name.contains("//") {
            reading.error("the name of a \(thing) can't start or end with \"/\" or repeat it", at: span)
        } else {
            return true
        }
        return false
    }
}
