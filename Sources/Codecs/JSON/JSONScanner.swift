internal import Tensors

/// Reads one JSON text (RFC 8259, strictly) as its reader asks for it, in place and without building a tree.
///
/// The text is checked to be UTF-8 first. It must outlive the scanner and all strings and numbers taken from it. A
/// container is left by asking for its next member until there is none. Errors are `malformed_body` with line, column
/// (in bytes; both count from 1) and byte (counts from 0).
struct JSONScanner {
    /// Containers may nest this deep.
    static let maximumDepth = 64
    /// The most bytes of a key, as it stands in the text.
    static let maximumKeyLength = 1024

    /// What a value is, by its first byte.
    enum Kind: Sendable {
        case object, array, string, number, bool, null

        /// The kind as messages name it.
        var text: String {
            switch self {
            case .object: "an object"
            case .array: "an array"
            case .string: "a string"
            case .number: "a number"
            case .bool: "a boolean"
            case .null: "null"
            }
        }
    }

    private let start: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    /// The next byte to read.
    var position: UnsafePointer<UInt8>
    private var depth = 0
    private let firstLine: Int

    /// - Parameter firstLine: the line on which the text begins, where it is part of a longer one.
    /// - Throws: `malformed_body` where the text is empty or not UTF-8.
    init(_ text: UnsafeRawBufferPointer, firstLine: Int = 1) throws(SluiceError) {
        self.firstLine = firstLine
        let bytes = text.bindMemory(to: UInt8.self)
        guard let base = bytes.baseAddress, bytes.count > 0 else {
            throw SluiceError(.malformedBody, "the body is empty, but a JSON document is needed")
        }
        start = base
        end = base + bytes.count
        position = base
        if let invalid = UTF8Check.firstInvalid(text) {
            position = base + invalid
            throw error("invalid UTF-8")
        }
    }

    // MARK: Places and errors

    /// The offset of the next byte.
    var offset: Int { position - start }

    /// Line and column of a byte; they count from 1.
    func place(of offset: Int) -> (line: Int, column: Int) {
        var line = firstLine
        var lineStart = 0
        for index in 0..<min(offset, end - start) where start[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return (line, offset - lineStart + 1)
    }

    /// An error at the next byte, or at `offset`.
    func error(_ problem: String, at offset: Int? = nil) -> SluiceError {
        let offset = offset ?? self.offset
        let (line, column) = place(of: offset)
        return SluiceError(
            .malformedBody, "invalid JSON at line \(line), column \(column) (byte \(offset)): \(problem)",
            detail: [.init("line", line), .init("column", column), .init("byte", offset)])
    }

    /// An error about what a well-formed value means, at the next byte.
    func documentError(_ problem: String) -> SluiceError {
        let (line, column) = place(of: offset)
        return SluiceError(
            .malformedBody, "\(problem) (line \(line), column \(column))",
            detail: [.init("line", line), .init("column", column), .init("byte", offset)])
    }

    /// An error that says what was expected and what there is instead.
    func unexpected(_ expected: String) -> SluiceError {
        guard position < end else { return error("expected \(expected), but the text ends") }
        let byte = position.pointee
        if byte > 0x20, byte < 0x7F {
            return error("expected \(expected), found '\(Character(UnicodeScalar(byte)))'")
        }
        return error("expected \(expected), found byte 0x\(String(byte, radix: 16, uppercase: true))")
    }

    // MARK: Values

    @inline(__always)
    mutating func skipSpace() { position = Self.pastSpace(position, end) }

    /// The next byte from `position` on that is no white space, or `end`.
    @inline(__always)
    static func pastSpace(
        _ position: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> UnsafePointer<UInt8> {
        var position = position
        while position < end, position.pointee <= 0x20 {
            let byte = position.pointee
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
            position += 1
        }
        return position
    }

    /// The kind of the next value.
    mutating func peek() throws(SluiceError) -> Kind {
        skipSpace()
        guard position < end else { throw unexpected("a value") }
        switch position.pointee {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw unexpected("a value")
        }
    }

    mutating func number() throws(SluiceError) -> DecimalNumber {
        skipSpace()
        let first = position
        guard let number = DecimalNumber.scan(&position, end: end), endsHere() else {
            throw unexpected(position == first ? "a number" : "a digit")
        }
        return number
    }

    /// Whether a number or word may end at the next byte: `1x` and `truest` are no values with something after them.
    @inline(__always)
    private func endsHere() -> Bool {
        guard position < end else { return true }
        let byte = position.pointee
        let isWord = (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
        return !isWord && byte != UInt8(ascii: ".") && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "-")
    }

    /// The next value, where that is a whole number of at most nine digits without a sign; it is left where it is otherwise.
    mutating func shortInteger() -> Int? {
        skipSpace()
        let first = position
        var value = 0
        while position < end, position - first < 10 {
            let digit = position.pointee &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value * 10 + Int(digit)
            position += 1
        }
        let digits = position - first
        let isPlain = digits == 1 || digits > 1 && digits < 10 && first.pointee != UInt8(ascii: "0")
        // A fraction, an exponent or anything else that makes another number of it.
        if isPlain, position < end, endsHere() { return value }
        position = first
        return nil
    }

    mutating func bool() throws(SluiceError) -> Bool {
        skipSpace()
        if position < end, position.pointee == UInt8(ascii: "t") {
            try word("true")
            return true
        }
        try word("false")
        return false
    }

    mutating func null() throws(SluiceError) {
        skipSpace()
        try word("null")
    }

    private mutating func word(_ word: StaticString) throws(SluiceError) {
        let first = position
        for index in 0..<word.utf8CodeUnitCount {
            guard position < end, position.pointee == word.utf8Start[index] else {
                position = first
                throw unexpected("a value")
            }
            position += 1
        }
        guard endsHere() else {
            position = first
            throw unexpected("a value")
        }
    }

    mutating func string() throws(SluiceError) -> JSONString {
        skipSpace()
        guard position < end, position.pointee == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let opening = offset
        position += 1
        let first = position
        var hasEscapes = false
        while position < end {
            let byte = position.pointee
            if byte == UInt8(ascii: "\"") {
                let text = UnsafeRawBufferPointer(start: first, count: position - first)
                position += 1
                return JSONString(raw: text, hasEscapes: hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                try escape()
            } else if byte < 0x20 {
                throw error("a control character in a string must be escaped")
            } else {
                position += 1
            }
        }
        throw error("the string that starts here doesn't end", at: opening)
    }

    /// Checks one escape, and where it is half of a surrogate pair the other half too.
    private mutating func escape() throws(SluiceError) {
        let first = offset
        guard end - position >= 2 else {
            position = end
            throw unexpected("an escape")
        }
        switch position[1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard let unit = JSONString.codeUnit(at: position, end: end) else {
                throw error("\\u needs four hexadecimal digits")
            }
            position += 6
            guard unit & 0xF800 == 0xD800 else { return }
            guard unit < 0xDC00, let low = JSONString.codeUnit(at: position, end: end), low & 0xFC00 == 0xDC00 else {
                throw error("half of a surrogate pair stands alone", at: first)
            }
            position += 6
        default:
            throw error("no such escape", at: first)
        }
    }

    // MARK: Containers

    /// Enters an array.
    mutating func beginArray() throws(SluiceError) {
        try begin(UInt8(ascii: "["), "an array")
    }

    /// Enters an object.
    mutating func beginObject() throws(SluiceError) {
        try begin(UInt8(ascii: "{"), "an object")
    }

    private mutating func begin(_ bracket: UInt8, _ name: String) throws(SluiceError) {
        skipSpace()
        guard position < end, position.pointee == bracket else { throw unexpected(name) }
        guard depth < Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth)") }
        depth += 1
        position += 1
    }

    /// Whether the array that was entered has another element, which is then next; leaves the array otherwise.
    mutating func nextElement(first: Bool) throws(SluiceError) -> Bool {
        try next(first: first, closing: UInt8(ascii: "]"), first ? "a value or ']'" : "',' or ']'")
    }

    /// The key of the next member of the object that was entered, whose value is then next; `nil`, and out of the
    /// object, where there is none.
    mutating func nextKey(first: Bool) throws(SluiceError) -> JSONString? {
        guard try next(first: first, closing: UInt8(ascii: "}"), first ? "a key or '}'" : "',' or '}'") else {
            return nil
        }
        skipSpace()
        guard position < end, position.pointee == UInt8(ascii: "\"") else { throw unexpected("a key") }
        let opening = offset
        let key = try string()
        guard key.raw.count <= Self.maximumKeyLength else {
            throw error("the key is longer than \(Self.maximumKeyLength) bytes", at: opening)
        }
        skipSpace()
        guard position < end, position.pointee == UInt8(ascii: ":") else { throw unexpected("':'") }
        position += 1
        return key
    }

    @inline(__always)
    private mutating func next(first: Bool, closing: UInt8, _ expected: String) throws(SluiceError) -> Bool {
        skipSpace()
        guard position < end else { throw unexpected(expected) }
        if position.pointee == closing {
            position += 1
            depth -= 1
            return false
        }
        if first { return true }
        guard position.pointee == UInt8(ascii: ",") else { throw unexpected(expected) }
        position += 1
        return true
    }

    /// Passes over a whole value, checking that it is one.
    mutating func skipValue() throws(SluiceError) {
        switch try peek() {
        case .string: _ = try string()
        case .number: _ = try number()
        case .bool: _ = try bool()
        case .null: try null()
        case .array:
            try beginArray()
            var isFirst = true
            while try nextElement(first: isFirst) {
                isFirst = false
                try skipValue()
            }
        case .object:
            try beginObject()
            var isFirst = true
            while try nextKey(first: isFirst) != nil {
                isFirst = false
                try skipValue()
            }
        }
    }

    /// Checks that nothing but space follows.
    mutating func finish() throws(SluiceError) {
        skipSpace()
        if position < end { throw unexpected("the end of the document") }
    }
}
