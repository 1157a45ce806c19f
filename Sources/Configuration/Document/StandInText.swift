/// The text that Yams gets to read: as long as the source, line by line, with stand-ins for some characters.
///
/// Stand-ins are private-use characters, which the source itself can't hold.
struct StandInText {
    static let alias: Unicode.Scalar = "\u{10F000}"
    private static let firstKey: UInt32 = 0x10F001

    private var lines: [[Unicode.Scalar]]
    /// Keys whose first character a stand-in has taken, in the order of their stand-ins.
    private var keys: [String] = []

    init(_ source: SourceText) {
        lines = source.lines.map { $0.map { $0 == "*" ? Self.alias : $0 } }
    }

    var yaml: String {
        var yaml = String.UnicodeScalarView()
        for line in lines {
            yaml.append(contentsOf: line)
            yaml.append("\n")
        }
        return String(yaml)
    }

    /// Puts a stand-in into the key `name` at `start`; false where that can't be done.
    mutating func standIn(forKey name: String, at start: SourceLocation) -> Bool {
        guard keys.count < Bounds.duplicateKeys, !name.isEmpty, lines.indices.contains(start.line - 1),
            let standIn = Unicode.Scalar(Self.firstKey + UInt32(keys.count))
        else { return false }
        let row = start.line - 1
        var column = start.column - 1
        guard lines[row].indices.contains(column) else { return false }
        if lines[row][column] == "\"" || lines[row][column] == "'" { column += 1 }
        // Anything but letters and the like might have a meaning in YAML that must not get lost.
        guard lines[row].indices.contains(column), lines[row][column] == name.unicodeScalars.first,
            !"[]{},?:-&!|>%@`#\"'\\ ".unicodeScalars.contains(lines[row][column])
        else { return false }
        lines[row][column] = standIn
        keys.append(Self.withoutStandIns(name))
        return true
    }

    /// What the source says where Yams read `text`.
    func original(_ text: String) -> String {
        for scalar in text.unicodeScalars where scalar.value >= Self.firstKey {
            let index = Int(scalar.value - Self.firstKey)
            if keys.indices.contains(index) { return keys[index] }
        }
        return Self.withoutStandIns(text)
    }

    /// `text` with a `*` for every stand-in of one.
    static func withoutStandIns(_ text: String) -> String {
        guard text.unicodeScalars.contains(alias) else { return text }
        var original = String.UnicodeScalarView()
        original.append(contentsOf: text.unicodeScalars.map { $0 == alias ? "*" : $0 })
        return String(original)
    }

    /// Where `line` holds an escape for one of the stand-ins; counts from 0.
    static func escape(in line: [Unicode.Scalar]) -> Int? {
        let escape = Array("\\U0010F".unicodeScalars)
        guard line.count >= escape.count else { return nil }
        return (0...(line.count - escape.count)).first { start in
            zip(escape, line[start...]).allSatisfy { $0 == $1 || ($0 == "F" && $1 == "f") }
        }
    }
}
