extension Diagnostic {
    /// Terminal columns of a source line that are shown; the rest becomes `…`.
    private static let window = 100
    private static let tabWidth = 4

    /// The diagnostic as a compiler shows it: place, message, the line, a caret and the suggestion.
    package func rendered(file: String, source: String) -> String {
        var cells = Self.cells(of: Self.line(location.line, of: source))
        let start = min(max(location.column - 1, 0), cells.count)
        let end = max(min(start + max(length, 1), cells.count), start)
        var first = 0
        if cells.reduce(0, { $0 + $1.width }) > Self.window {
            (first, cells) = Self.cut(cells, around: start..<end)
        }
        let before = cells[..<(start - first)].reduce(0) { $0 + $1.width }
        let marked = cells[(start - first)..<min(max(end - first, start - first), cells.count)]
            .reduce(0) { $0 + $1.width }

        let number = String(location.line)
        let gutter = String(repeating: " ", count: max(5 - number.count, 0))
        let empty = String(repeating: " ", count: gutter.count + number.count) + " |"
        var lines = ["\(file):\(location.line):\(location.column): \(severity.rawValue): \(message)"]
        let text = cells.map(\.text).joined()
        lines.append("\(gutter)\(number) |" + (text.isEmpty ? "" : " " + text))
        let caret = "^" + String(repeating: "~", count: max(marked - 1, 0))
        let advice = (suggestion ?? "").split(separator: "\n", omittingEmptySubsequences: false)
        lines.append("\(empty) " + String(repeating: " ", count: before) + caret + (advice.isEmpty ? "" : " "))
        for (index, line) in advice.enumerated() {
            if index == 0 { lines[lines.count - 1] += line } else { lines.append("\(empty)     \(line)") }
        }
        if suggestion == nil { lines[lines.count - 1] = String(lines[lines.count - 1].trimmingSpacesAtEnd) }
        return lines.joined(separator: "\n")
    }

    /// All of `diagnostics` one below the other, and a last line that counts them.
    package static func report(_ diagnostics: [Diagnostic], file: String, source: String) -> String {
        let rendered = diagnostics.map { $0.rendered(file: file, source: source) }
        return (rendered + [summary(diagnostics)]).joined(separator: "\n")
    }

    /// One character of a source line as a terminal shows it.
    private struct Cell {
        var text: String
        var width: Int
    }

    private static func line(_ number: Int, of source: String) -> [Unicode.Scalar] {
        let lines = SourceText(source).lines
        return number >= 1 && number <= lines.count ? lines[number - 1] : []
    }

    private static func cells(of line: [Unicode.Scalar]) -> [Cell] {
        line.map { scalar in
            if scalar == "\t" { return Cell(text: String(repeating: " ", count: tabWidth), width: tabWidth) }
            // A control character could move the terminal's cursor or colour what follows.
            guard !SourceText.isForbidden(scalar) else { return Cell(text: "\u{FFFD}", width: 1) }
            return Cell(text: String(Character(scalar)), width: width(of: scalar))
        }
    }

    /// The part of a long line around `range`, with `…` where something is missing, and how many cells went before it.
    private static func cut(_ cells: [Cell], around range: Range<Int>) -> (first: Int, cells: [Cell]) {
        // A third of the window goes before the mark, and more where the line ends soon after it.
        var (first, width) = (range.lowerBound, 0)
        let after = cells[first...].reduce(0) { min($0 + $1.width, window) }
        let lead = max(window / 3, window - after)
        while first > 0, width + cells[first - 1].width <= lead {
            first -= 1
            width += cells[first].width
        }
        var end = first
        width = 0
        while end < cells.count, width + cells[end].width <= window {
            width += cells[end].width
            end += 1
        }
        var shown = Array(cells[first..<end])
        // The ellipsis takes the place of a cell, so that what follows keeps its column.
        if first > 0, range.lowerBound > first { shown[0] = Cell(text: "…", width: 1) }
        if end < cells.count { shown.append(Cell(text: "…", width: 1)) }
        return (first, shown)
    }

    /// Columns of a terminal that a character takes: 0 for marks on another one, 2 for East Asian wide ones and emoji.
    private static func width(of scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

extension String {
    fileprivate var trimmingSpacesAtEnd: Substring {
        var rest = self[...]
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
