/// Turns a table with another delimiter into one of RFC 4180, line for line, as its bytes come in: the delimiter becomes a
/// comma, and cells that have one are quoted. Numbers keep their decimal commas; `DecimalMarks` reads them.
///
/// Text that is wrongly quoted stays wrong, for the reader to refuse. Its commas become semicolons, so that it ends where
/// its line does.
struct CSVRewriter: Sendable {
    private enum State {
        case cellStart
        /// In a cell without quotes, which is held until it is known whether it needs some.
        case plain
        /// In such a cell that is longer than any may be.
        case endless
        case quoted
        /// A quote inside a quoted cell: its end, or the first of two.
        case quoteInQuoted
        /// Behind the closing quote, where nothing may be.
        case behindQuote
    }

    private let delimiter: UInt8
    private var state = State.cellStart
    private var cell: [UInt8] = []

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")

    init(delimiter: UInt8) {
        self.delimiter = delimiter
    }

    /// Appends what the bytes become; each pass takes at least one of them.
    mutating func take(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch state {
            case .cellStart where byte == Self.quote:
                text.append(byte)
                state = .quoted
            case .cellStart, .plain:
                let start = index
                while index < bytes.count, !endsCell(bytes[index]) { index += 1 }
                cell.append(contentsOf: bytes[start..<index])
                if index < bytes.count { endPlain(bytes[index], &text) } else { goOnPlain(&text) }
            case .endless:
                if endsCell(byte) { endEndless(byte, &text) } else { text.append(byte == Self.quote ? 0x20 : byte) }
            case .quoted:
                text.append(byte)
                if byte == Self.quote { state = .quoteInQuoted }
            case .quoteInQuoted where byte == Self.quote:
                text.append(byte)
                state = .quoted
            case .quoteInQuoted, .behindQuote:
                state = .behindQuote
                if endsCell(byte) { endCell(byte, &text) } else { text.append(harmless(byte)) }
            }
            index += 1
        }
    }

    /// The text ends here.
    mutating func finish(into text: inout [UInt8]) {
        if state == .plain { flush(&text) }
        if state == .endless { text.append(Self.quote) }
        state = .cellStart
    }

    private func endsCell(_ byte: UInt8) -> Bool { byte == delimiter || byte == 0x0A || byte == 0x0D }

    private mutating func endCell(_ byte: UInt8, _ text: inout [UInt8]) {
        text.append(byte == delimiter ? Self.comma : byte)
        state = .cellStart
    }

    private func harmless(_ byte: UInt8) -> UInt8 { byte == Self.comma ? UInt8(ascii: ";") : byte }

    // MARK: Cells without quotes

    private mutating func endPlain(_ byte: UInt8, _ text: inout [UInt8]) {
        flush(&text)
        endCell(byte, &text)
    }

    /// What the cell goes on with is in the next bytes.
    private mutating func goOnPlain(_ text: inout [UInt8]) {
        state = .plain
        if cell.count > CSVTokenizer.maximumCellBytes { beginEndless(&text) }
    }

    private mutating func flush(_ text: inout [UInt8]) {
        if cell.contains(Self.quote) {
            for byte in cell { text.append(harmless(byte)) }
        } else {
            let isQuoted = cell.contains(Self.comma)
            if isQuoted { text.append(Self.quote) }
            text.append(contentsOf: cell)
            if isQuoted { text.append(Self.quote) }
        }
        cell.removeAll(keepingCapacity: true)
    }

    /// Nothing of a cell that is refused for its length has to be kept.
    private mutating func beginEndless(_ text: inout [UInt8]) {
        text.append(Self.quote)
        for byte in cell { text.append(byte == Self.quote ? 0x20 : byte) }
        cell = []
        state = .endless
    }

    private mutating func endEndless(_ byte: UInt8, _ text: inout [UInt8]) {
        text.append(Self.quote)
        endCell(byte, &text)
    }
}
