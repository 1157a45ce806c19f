/// Reads the answer to batches as it comes in, and tells its rows from its last line.
///
/// Whole rows go on, so that what is kept of an answer always ends with one; the last line says how the answer ended.
package struct AnswerRows: Sendable {
    /// What stands between cells; `nil` for lines of JSON.
    private let separator: UInt8?
    private let showsFaults: Bool
    private var cutter: RowCutter
    private var held: [UInt8] = []
    private var needsHeader: Bool
    /// Rows so far.
    package private(set) var rows = 0
    /// Those that got an error.
    package private(set) var failed = 0
    /// Bytes of all that goes on.
    package private(set) var bytes = 0
    /// The line that says how the answer ended, without its line break; nothing that follows counts.
    package private(set) var last: [UInt8]?

    /// - Parameters:
    ///   - hasHeader: whether CSV begins with names.
    ///   - showsFaults: whether rows may have errors.
    package init(_ format: RowFormat, hasHeader: Bool, showsFaults: Bool) {
        separator = format.separator
        cutter = RowCutter(separator: separator)
        needsHeader = separator != nil && hasHeader
        self.showsFaults = showsFaults
    }

    private var isCSV: Bool { separator != nil }

    /// Whether the last line says that all is there; CSV doesn't say so itself.
    package var isComplete: Bool {
        last.map { $0.starts(with: Array("{\"end\":\"complete\"".utf8)) } ?? false
    }

    /// The whole rows that some bytes end.
    package mutating func add(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { add($0) }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var whole: [UInt8] = []
        var position = 0
        while position < bytes.count, last == nil {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            switch cutter.next(rest) {
            case .more:
                held.append(contentsOf: rest)
                position = bytes.count
            case .blank(let count):
                position += count
                // Of two bytes that end a line the second may come by itself.
                if isCSV { whole.append(contentsOf: rest.prefix(count)) }
                held = []
            case .row(let count):
                position += count
                held.append(contentsOf: rest.prefix(count))
                if endRow() { whole.append(contentsOf: held) }
                held.removeAll(keepingCapacity: true)
            }
        }
        self.bytes += whole.count
        return whole
    }

    /// Whether the row that is held is one that goes on.
    private mutating func endRow() -> Bool {
        let starts = isCSV ? ["#error ", "\"#error "] : ["{\"end\":"]
        if starts.contains(where: { held.starts(with: Array($0.utf8)) }) {
            last = Array(held[..<textEnd])
            return false
        }
        if needsHeader {
            needsHeader = false
            return true
        }
        rows += 1
        if showsFaults, isCSV ? held[..<textEnd].last != separator : held.prefix(40).hasError { failed += 1 }
        return true
    }

    /// Where the line end begins of the row that is held.
    private var textEnd: Int {
        (held.lastIndex { $0 != 0x0A && $0 != 0x0D } ?? -1) + 1
    }

    /// What the last line says, for people; `nil` where there is none, or all is well.
    package var failure: String? {
        guard let last, !isComplete else { return nil }
        var text = String(decoding: last, as: UTF8.self)
        if isCSV, text.hasPrefix("\"") {
            text = String(text.dropFirst().dropLast()).replacing("\"\"", with: "\"")
        }
        return text.hasPrefix("#error ") ? String(text.dropFirst(7)) : text
    }
}

extension ArraySlice<UInt8> {
    /// Whether a line of JSON begins as that of a row with an error does.
    fileprivate var hasError: Bool {
        let digits = drop { $0 != UInt8(ascii: ",") }
        return digits.starts(with: Array(",\"error\":".utf8))
    }
}
