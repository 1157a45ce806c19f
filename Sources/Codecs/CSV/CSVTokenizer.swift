internal import Tensors

/// Splits CSV into rows and cells (RFC 4180), one row at a time, without copying them.
///
/// Lines end in CRLF, LF or CR. Empty lines are no rows. The body must outlive the tokenizer.
struct CSVTokenizer {
    /// The most bytes that one cell may have.
    static let maximumCellBytes = 1 << 20

    /// Where one cell of the present row lies.
    struct Cell: Sendable, Equatable {
        /// Between the quotes, where there are some.
        var range: Range<Int>
        /// Quoted, and some quotes inside are doubled.
        var hasDoubledQuotes: Bool
    }

    private var bytes: UnsafeRawBufferPointer
    private var position = 0
    private var nextLine = 1

    /// How numbers are written, where that may be with a decimal comma.
    var marks: DecimalMarks?

    /// The cells of the present row.
    private(set) var cells: [Cell] = []
    /// The line on which the present row begins, from 1.
    private(set) var line = 1

    /// - Parameter bytes: UTF-8, which `CSVTextReader` makes of anything else.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// Goes on with other text, which begins on that line.
    mutating func restart(_ bytes: UnsafeRawBufferPointer, line: Int) {
        self.bytes = bytes
        position = 0
        nextLine = line
    }

    /// Moves to the next row; false at the end.
    ///
    /// - Throws: `malformed_body`, with line and column.
    mutating func nextRow() throws(SluiceError) -> Bool {
        skipEmptyLines()
        guard position < bytes.count else { return false }
        line = nextLine
        cells.removeAll(keepingCapacity: true)
        repeat {
            guard cells.count < RowLayout.maximumColumns else {
                throw fault("the row has more than \(RowLayout.maximumColumns) columns")
            }
            try cells.append(bytes[position, default: 0] == Self.quote ? quotedCell() : plainCell())
        } while takeComma()
        takeLineEnd()
        return true
    }

    /// Lets `take` read rows behind the present one by itself: it moves the pointer past them and says how many they were.
    ///
    /// They have a line each. The second pointer is where the bytes end.
    mutating func passPlainRows(_ take: (inout UnsafePointer<UInt8>, UnsafePointer<UInt8>) -> Int) {
        guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
        var next = start + position
        nextLine += take(&next, start + bytes.count)
        position = next - start
    }

    /// The text of a cell of the present row; `scratch` is overwritten where quotes have to be undoubled.
    ///
    /// Valid until `scratch` changes.
    func text<Result, Failure: Error>(
        of cell: Cell, scratch: inout [UInt8], _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard cell.hasDoubledQuotes else { return try body(UnsafeRawBufferPointer(rebasing: bytes[cell.range])) }
        scratch.removeAll(keepingCapacity: true)
        var index = cell.range.lowerBound
        while index < cell.range.upperBound {
            scratch.append(bytes[index])
            // The tokenizer has seen to it that quotes inside come in pairs.
            index += bytes[index] == Self.quote ? 2 : 1
        }
        return try scratch.withUnsafeBufferPointer { (text) throws(Failure) in
            try body(UnsafeRawBufferPointer(text))
        }
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private mutating func plainCell() throws(SluiceError) -> Cell {
        let start = position
        // A local copy stays in a register, where the property would be stored for every byte.
        var end = start
        scan: while end < bytes.count {
            let byte = bytes[end]
            // Most bytes are digits, which are above all that ends a cell or may not stand in one.
            if byte > Self.comma {
                end += 1
                continue
            }
            switch byte {
            case Self.comma, Self.lineFeed, Self.carriageReturn: break scan
            case Self.quote:
                throw fault("a quote inside a cell that isn't quoted; quote the whole cell and double quotes inside it")
            case 0: throw fault("a NUL byte, which no text has")
            default: end += 1
            }
        }
        position = end
        return try cell(start..<end, hasDoubledQuotes: false)
    }

    private mutating func quotedCell() throws(SluiceError) -> Cell {
        position += 1
        let start = position
        var hasDoubledQuotes = false
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case Self.quote:
                if bytes[position, default: 0] == Self.quote {
                    position += 1
                    hasDoubledQuotes = true
                    continue
                }
                let end = position - 1
                guard
                    position == bytes.count
                        || [Self.comma, Self.lineFeed, Self.carriageReturn].contains(bytes[position])
                else {
                    throw fault(
                        "\(Quote.character(bytes[position])) after the closing quote; double quotes inside a cell")
                }
                return try cell(start..<end, hasDoubledQuotes: hasDoubledQuotes)
            case Self.lineFeed: nextLine += 1
            case Self.carriageReturn where bytes[position, default: 0] != Self.lineFeed: nextLine += 1
            case 0: throw fault("a NUL byte, which no text has")
            default: break
            }
        }
        throw fault("the quote is never closed")
    }

    private func cell(_ range: Range<Int>, hasDoubledQuotes: Bool) throws(SluiceError) -> Cell {
        guard range.count <= Self.maximumCellBytes else {
            throw fault("the cell has \(range.count) bytes; at most \(Self.maximumCellBytes) are read")
        }
        return Cell(range: range, hasDoubledQuotes: hasDoubledQuotes)
    }

    private mutating func takeComma() -> Bool {
        guard bytes[position, default: 0] == Self.comma else { return false }
        position += 1
        return true
    }

    private mutating func takeLineEnd() {
        guard position < bytes.count else { return }
        let isCarriageReturn = bytes[position] == Self.carriageReturn
        position += 1
        if isCarriageReturn, bytes[position, default: 0] == Self.lineFeed { position += 1 }
        nextLine += 1
    }

    private mutating func skipEmptyLines() {
        while position < bytes.count, bytes[position] == Self.lineFeed || bytes[position] == Self.carriageReturn {
            takeLineEnd()
        }
    }

    private func fault(_ what: String) -> SluiceError {
        SluiceError(
            .malformedBody, "CSV line \(line), column \(cells.count + 1): \(what)",
            detail: [.init("line", line), .init("column", cells.count + 1)])
    }
}

extension UnsafeRawBufferPointer {
    /// The byte at `index`, or `fallback` past the end.
    fileprivate subscript(index: Int, default fallback: UInt8) -> UInt8 {
        index < count ? self[index] : fallback
    }
}
