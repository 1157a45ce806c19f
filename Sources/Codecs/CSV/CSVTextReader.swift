internal import Tensors

/// Makes a table in any dialect one of RFC 4180 in UTF-8, line for line, as its bytes come in.
///
/// It holds no more than the first line, until that has told what stands between cells, and one cell.
struct CSVTextReader: Sendable {
    /// What the first bytes have yet to tell.
    private enum Stage {
        /// Whether there is a byte order mark.
        case mark
        /// What stands between cells.
        case firstLine
        case settled
    }

    private let dialect: CSVDialect
    private let takesOneText: Bool
    private var stage = Stage.mark
    private var held: [UInt8] = []
    private var firstLineHasBegun = false
    private var decoder: TextDecoder?
    private var rewriter: CSVRewriter?
    /// How numbers are written, where that may be with a decimal comma; known once the first line is.
    private(set) var findings: DecimalMarks.Findings?

    /// So much is decoded at once.
    private static let slice = 16 << 10

    init(_ dialect: CSVDialect, signature: ModelSignature) {
        self.dialect = dialect
        takesOneText = signature.takesOneText
    }

    /// Whether all that follows is as it has to be.
    var isPlain: Bool { stage == .settled && decoder == nil && rewriter == nil }

    /// Appends what the bytes become.
    ///
    /// - Throws: `malformed_body` for bytes that are no text in the encoding.
    mutating func take(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) throws(SluiceError) {
        var rest = bytes[...]
        if stage == .mark {
            let missing = 3 - held.count
            held.append(contentsOf: rest.prefix(missing))
            rest = rest.dropFirst(missing)
            guard held.count == 3 else { return }
            try settleEncoding(into: &text)
        }
        guard decoder != nil else { return takeUTF8(UnsafeRawBufferPointer(rebasing: rest), into: &text) }
        while !rest.isEmpty {
            try decode(UnsafeRawBufferPointer(rebasing: rest.prefix(Self.slice)), into: &text)
            rest = rest.dropFirst(Self.slice)
        }
    }

    /// The text ends here.
    ///
    /// - Throws: `malformed_body` where that is in the middle of a letter.
    mutating func finish(into text: inout [UInt8]) throws(SluiceError) {
        if stage == .mark { try settleEncoding(into: &text) }
        try decoder?.finish()
        if stage == .firstLine { settleDelimiter(into: &text) }
        rewriter?.finish(into: &text)
    }

    // MARK: The encoding

    private mutating func settleEncoding(into text: inout [UInt8]) throws(SluiceError) {
        let first = held
        held = []
        let mark = first.withUnsafeBytes { TextEncoding(markOf: $0) }
        let encoding = mark ?? dialect.encoding
        stage = .firstLine
        let outcome = first.withUnsafeBytes { bytes -> Result<Void, SluiceError> in
            if encoding == .utf8 {
                takeUTF8(UnsafeRawBufferPointer(rebasing: bytes[(mark == nil ? 0 : 3)...]), into: &text)
                return .success(())
            }
            decoder = TextDecoder(encoding)
            do throws(SluiceError) { return .success(try decode(bytes, into: &text)) } catch { return .failure(error) }
        }
        try outcome.get()
    }

    private mutating func decode(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) throws(SluiceError) {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count * 2)
        try decoder?.decode(bytes, into: &decoded)
        decoded.withUnsafeBytes { takeUTF8($0, into: &text) }
    }

    // MARK: The delimiter

    private mutating func takeUTF8(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) {
        guard stage == .firstLine else { return rewrite(bytes, into: &text) }
        let isFirst = { (byte: UInt8) in byte != 0x0A && byte != 0x0D }
        var rest = bytes[...]
        if !firstLineHasBegun {
            rest = rest.drop { !isFirst($0) }
            firstLineHasBegun = !rest.isEmpty
        }
        let hasEnded = firstLineHasBegun && !rest.allSatisfy(isFirst)
        held.append(contentsOf: bytes)
        if hasEnded || held.count > CSVDialect.longestFirstLine { settleDelimiter(into: &text) }
    }

    private mutating func settleDelimiter(into text: inout [UInt8]) {
        let first = held
        held = []
        stage = .settled
        first.withUnsafeBytes { bytes in
            let found = dialect.delimiter(of: bytes, takesOneText: takesOneText)
            if dialect.hasDecimalComma ?? (found.delimiter == UInt8(ascii: ";")) {
                findings = .init(isDeclared: dialect.hasDecimalComma == true)
            }
            if found.delimiter != UInt8(ascii: ",") { rewriter = CSVRewriter(delimiter: found.delimiter) }
            // The line's end stays, so that lines keep their numbers.
            rewrite(UnsafeRawBufferPointer(rebasing: bytes[(found.isNamed ? 5 : 0)...]), into: &text)
        }
    }

    private mutating func rewrite(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) {
        if rewriter == nil { text.append(contentsOf: bytes) } else { rewriter?.take(bytes, into: &text) }
    }
}

extension CSVTextReader {
    /// A whole table as it is read, and how its numbers are written where that may be with commas. One that is as it has to
    /// be is not copied.
    static func standard(
        _ body: RequestBody, _ dialect: CSVDialect, signature: ModelSignature
    ) throws(SluiceError) -> (body: RequestBody, findings: DecimalMarks.Findings?) {
        defer { withExtendedLifetime(body.storage) {} }
        let bytes = body.bytes
        let mark = TextEncoding(markOf: bytes)
        if mark ?? dialect.encoding == .utf8 {
            let text = UnsafeRawBufferPointer(rebasing: bytes[(mark == nil ? 0 : 3)...])
            let found = dialect.delimiter(of: text, takesOneText: signature.takesOneText)
            if found.delimiter == UInt8(ascii: ","), !found.isNamed {
                return (body, dialect.hasDecimalComma == true ? .init(isDeclared: true) : nil)
            }
        }
        var reader = CSVTextReader(dialect, signature: signature)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + bytes.count / 8)
        try reader.take(bytes, into: &text)
        try reader.finish(into: &text)
        return (RequestBody(text.withUnsafeBytes { TensorStorage.copy(of: $0) }), reader.findings)
    }
}

extension CSVDialect {
    /// Delimiters are looked for in no more of an endless line.
    fileprivate static let longestFirstLine = CSVTokenizer.maximumCellBytes
    private static let comma = UInt8(ascii: ",")
    private static let semicolon = UInt8(ascii: ";")
    private static let tab = UInt8(ascii: "\t")

    /// What stands between the cells of a table: what is declared, what its first line says by `sep=;`, or what its first row
    /// tells. `isNamed` where the first line is no row for that.
    func delimiter(
        of text: UnsafeRawBufferPointer, takesOneText: Bool
    ) -> (delimiter: UInt8, isNamed: Bool) {
        let named = Self.namedDelimiter(text)
        return (delimiter ?? named ?? Self.guess(text, takesOneText), named != nil)
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
    private static func guess(_ text: UnsafeRawBufferPointer, _ takesOneText: Bool) -> UInt8 {
        if takesOneText { return comma }
        let start = text.drop { $0 == 0x0A || $0 == 0x0D }
        let line = start.prefix(longestFirstLine).prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.contains(UInt8(ascii: "\"")) else { return guessQuoted(line) }
        return [semicolon, tab].first { line.contains($0) && separates($0, line) } ?? comma
    }

    /// Whether none of the cells between delimiters has commas besides those of numbers.
    private static func separates(_ delimiter: UInt8, _ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        var rest = line
        while true {
            let cell = rest.prefix { $0 != delimiter }
            if cell.contains(comma), !DecimalMarks.isNumber(cell) { return false }
            guard cell.endIndex < rest.endIndex else { return true }
            rest = rest[(cell.endIndex + 1)...]
        }
    }

    private static func guessQuoted(_ line: Slice<UnsafeRawBufferPointer>) -> UInt8 {
        var isQuoted = false
        var hasTab = false
        var hasSemicolon = false
        for byte in line {
            switch byte {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case comma where !isQuoted: return comma
            case semicolon where !isQuoted: hasSemicolon = true
            case tab where !isQuoted: hasTab = true
            default: break
            }
        }
        return hasSemicolon ? semicolon : hasTab ? tab : comma
    }
}

extension ModelSignature {
    /// A model that takes one text has no second column.
    fileprivate var takesOneText: Bool {
        inputs.count == 1 && inputs[0].dataType == .bytes && inputs[0].columns.isEmpty
    }
}
