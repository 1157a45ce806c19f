internal import Tensors

/// Turns a table of another dialect into one of RFC 4180 in UTF-8, line for line: the delimiter becomes a comma, and cells that
/// have one are quoted. Numbers keep their decimal commas; `DecimalMarks` reads them.
struct CSVRewriter {
    private let bytes: UnsafeRawBufferPointer
    private let delimiter: UInt8

    /// The table as it is read, and how its numbers are written where that may be with commas.
    static func standard(
        _ body: RequestBody, _ dialect: CSVDialect, signature: ModelSignature
    ) throws(SluiceError) -> (body: RequestBody, marks: DecimalMarks?) {
        defer { withExtendedLifetime(body.storage) {} }
        var body = body
        let encoding = TextEncoding(markOf: body.bytes) ?? dialect.encoding
        if encoding != .utf8 { body = try encoding.utf8(body.bytes) }
        var text = body
        defer { withExtendedLifetime(text.storage) {} }
        if text.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.part(3..<text.count) }
        let named = Self.namedDelimiter(text.bytes)
        let delimiter = dialect.delimiter ?? named ?? Self.guess(text.bytes, signature)
        let mayHaveCommas = dialect.hasDecimalComma ?? (delimiter == UInt8(ascii: ";"))
        let marks = mayHaveCommas ? DecimalMarks(isDeclared: dialect.hasDecimalComma == true) : nil
        if delimiter == UInt8(ascii: ","), named == nil { return (body, marks) }
        let rewriter = CSVRewriter(bytes: text.bytes, delimiter: delimiter)
        return (try rewriter.rewritten(skipsFirstLine: named != nil), marks)
    }

    /// What Excel's own first line says: `sep=;`.
    private static func namedDelimiter(_ text: UnsafeRawBufferPointer) -> UInt8? {
        guard text.count > 4, text.starts(with: Array("sep=".utf8)) else { return nil }
        let isLine = text.count == 5 || text[5] == 0x0D || text[5] == 0x0A
        return isLine && [0x2C, 0x3B, 0x09, 0x7C, 0x3A].contains(text[4]) ? text[4] : nil
    }

    /// Tells the delimiter by the first line: semicolons or tabs where there are no commas besides those of numbers.
    ///
    /// A model that takes one text has no second column, so everything is in the first.
    private static func guess(_ text: UnsafeRawBufferPointer, _ signature: ModelSignature) -> UInt8 {
        let comma = UInt8(ascii: ",")
        let takesOneText =
            signature.inputs.count == 1 && signature.inputs[0].dataType == .bytes && signature.inputs[0].columns.isEmpty
        if takesOneText { return comma }
        let start = text.drop { $0 == 0x0A || $0 == 0x0D }
        let line = start.prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.contains(UInt8(ascii: "\"")) else { return guessQuoted(line) }
        for delimiter in [UInt8(ascii: ";"), UInt8(ascii: "\t")] where line.contains(delimiter) {
            let cells = line.split(separator: delimiter, omittingEmptySubsequences: false)
            if cells.allSatisfy({ !$0.contains(comma) || DecimalMarks.isNumber($0) }) { return delimiter }
        }
        return comma
    }

    private static func guessQuoted(_ line: Slice<UnsafeRawBufferPointer>) -> UInt8 {
        var isQuoted = false
        var seen: Set<UInt8> = []
        for byte in line {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() } else if !isQuoted { seen.insert(byte) }
        }
        if seen.contains(UInt8(ascii: ",")) { return UInt8(ascii: ",") }
        return [UInt8(ascii: ";"), UInt8(ascii: "\t")].first { seen.contains($0) } ?? UInt8(ascii: ",")
    }

    // MARK: Rewriting

    private func rewritten(skipsFirstLine: Bool) throws(SluiceError) -> RequestBody {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + bytes.count / 8)
        // The line's end stays, so that lines keep their numbers.
        var position = skipsFirstLine ? 5 : 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "\"") {
                copyQuoted(&position, to: &text)
            } else {
                copyPlain(&position, to: &text)
            }
            guard position < bytes.count else { break }
            text.append(bytes[position] == delimiter ? UInt8(ascii: ",") : bytes[position])
            position += 1
        }
        return RequestBody(text.withUnsafeBytes { TensorStorage.copy(of: $0) })
    }

    private func endsCell(_ byte: UInt8) -> Bool { byte == delimiter || byte == 0x0A || byte == 0x0D }

    private func copyPlain(_ position: inout Int, to text: inout [UInt8]) {
        let start = position
        while position < bytes.count, !endsCell(bytes[position]) { position += 1 }
        let cell = bytes[start..<position]
        // A quote inside a cell is for the reader to refuse.
        let isQuoted = cell.contains(UInt8(ascii: ",")) && !cell.contains(UInt8(ascii: "\""))
        if isQuoted { text.append(UInt8(ascii: "\"")) }
        text.append(contentsOf: cell)
        if isQuoted { text.append(UInt8(ascii: "\"")) }
    }

    /// Copies a cell with its quotes, and whatever wrongly follows them.
    private func copyQuoted(_ position: inout Int, to text: inout [UInt8]) {
        text.append(bytes[position])
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            text.append(byte)
            position += 1
            guard byte == UInt8(ascii: "\"") else { continue }
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { break }
            text.append(bytes[position])
            position += 1
        }
        while position < bytes.count, !endsCell(bytes[position]) {
            text.append(bytes[position])
            position += 1
        }
    }
}
