/// The characters of a gateway.yaml by line, as YAML and its marks count them.
struct SourceText {
    /// Without line ends and byte order mark; never empty.
    let lines: [[Unicode.Scalar]]

    init(_ text: String) {
        var lines: [[Unicode.Scalar]] = [[]]
        var afterReturn = false
        for (index, scalar) in text.unicodeScalars.enumerated() {
            defer { afterReturn = scalar == "\r" }
            if index == 0, scalar == "\u{FEFF}" { continue }
            switch scalar {
            case "\n" where afterReturn: continue
            case "\n", "\r": lines.append([])
            default: lines[lines.count - 1].append(scalar)
            }
        }
        self.lines = lines
    }

    init(lines: [[Unicode.Scalar]]) {
        self.lines = lines.isEmpty ? [[]] : lines
    }

    /// The lines joined by line feeds.
    var text: String {
        var text = String.UnicodeScalarView()
        for (index, line) in lines.enumerated() {
            if index > 0 { text.append("\n") }
            text.append(contentsOf: line)
        }
        return String(text)
    }

    /// The character at `location`; `nil` at the end of a line and outside the file.
    func scalar(at location: SourceLocation) -> Unicode.Scalar? {
        guard lines.indices.contains(location.line - 1) else { return nil }
        let line = lines[location.line - 1]
        return line.indices.contains(location.column - 1) ? line[location.column - 1] : nil
    }

    /// The nearest place inside the file; the end of a line counts as inside, a last empty line doesn't.
    func clamped(_ location: SourceLocation) -> SourceLocation {
        var last = lines.count
        while last > 1, lines[last - 1].isEmpty { last -= 1 }
        if location.line > last { return SourceLocation(line: last, column: lines[last - 1].count + 1) }
        let line = max(location.line, 1)
        return SourceLocation(line: line, column: min(max(location.column, 1), lines[line - 1].count + 1))
    }

    /// Characters that can't be seen, could deceive the reader, or have no place in text; tabs and line ends are fine.
    static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: false
        case 0..<0x20, 0x7F..<0xA0, 0xAD, 0x200B, 0x2060...0x2064, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069,
            0xFEFF:
            true
        case 0xE000...0xF8FF, 0xF0000...0x10FFFF: true
        default: scalar.value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(scalar.value)
        }
    }
}

extension SourceText {
    /// Where the value really starts that YAML says starts at `location`: after an anchor (`&name`) or a tag (`!name`).
    func skippingProperties(at location: SourceLocation) -> SourceLocation {
        guard lines.indices.contains(location.line - 1) else { return location }
        let line = lines[location.line - 1]
        var index = location.column - 1
        while line.indices.contains(index), line[index] == "&" || line[index] == "!" {
            var next = index
            while next < line.count, line[next] != " ", line[next] != "\t" { next += 1 }
            while next < line.count, line[next] == " " || line[next] == "\t" { next += 1 }
            if next == line.count || line[next] == "#" { break }
            index = next
        }
        return SourceLocation(line: location.line, column: index + 1)
    }

    /// The tag (`!name`) of the value that YAML says starts at `location`.
    func tag(at location: SourceLocation) -> (text: String, span: SourceSpan)? {
        guard lines.indices.contains(location.line - 1), scalar(at: location) != nil else { return nil }
        let line = lines[location.line - 1]
        let end = skippingProperties(at: location).column - 1
        var index = location.column - 1
        while index <= end, index < line.count, line[index] == "&" || line[index] == "!" {
            let word = line[index...].prefix { $0 != " " && $0 != "\t" }
            if word.first == "!" {
                let place = SourceLocation(line: location.line, column: index + 1)
                return (String(String.UnicodeScalarView(word)), SourceSpan(place, length: word.count))
            }
            index = word.endIndex
            while index < line.count, line[index] == " " || line[index] == "\t" { index += 1 }
        }
        return nil
    }

    /// The characters that a scalar of value `text` takes from `location` on, within that line.
    func span(ofScalar text: String, at location: SourceLocation) -> SourceSpan {
        guard let first = scalar(at: location) else { return SourceSpan(location) }
        let rest = lines[location.line - 1][(location.column - 1)...]
        switch first {
        case "\"":
            var isEscaped = false
            for (offset, scalar) in rest.enumerated().dropFirst() {
                if isEscaped {
                    isEscaped = false
                } else if scalar == "\\" {
                    isEscaped = true
                } else if scalar == "\"" {
                    return SourceSpan(location, length: offset + 1)
                }
            }
            return SourceSpan(location, length: rest.count)
        case "'":
            var index = rest.startIndex + 1
            while index < rest.endIndex {
                if rest[index] == "'" {
                    guard index + 1 < rest.endIndex, rest[index + 1] == "'" else {
                        return SourceSpan(location, length: index - rest.startIndex + 1)
                    }
                    index += 1
                }
                index += 1
            }
            return SourceSpan(location, length: rest.count)
        default:
            // Plain text, which may go on in further lines; only what stands in this one is meant.
            return SourceSpan(location, length: zip(rest, text.unicodeScalars).prefix { $0 == $1 }.count)
        }
    }
}
