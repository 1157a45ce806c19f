package import Tensors

/// Makes batches of the rows of a long text, which comes in pieces cut anywhere.
///
/// A plain state machine: it holds the batch that isn't full yet, and of a table in another dialect what has been rewritten
/// and not cut yet.
package struct RowCollector: Sendable {
    /// How much goes into one batch.
    package struct Limits: Sendable {
        /// Rows, at most.
        package var rows: Int
        /// Bytes from which on a batch is full, whatever its rows.
        package var bytes: Int
        /// The most bytes that one row may have.
        package var rowBytes: Int
        /// A batch has that many rows and no other number.
        package var isExact: Bool

        package init(rows: Int, bytes: Int, rowBytes: Int, isExact: Bool = false) {
            self.rows = rows
            self.bytes = bytes
            self.rowBytes = rowBytes
            self.isExact = isExact
        }
    }

    /// What some bytes made up.
    package enum Event: Sendable {
        /// The first row is there: `firstRow` has it, and `settle` says what it is.
        case firstRow
        case batch(RowBatch)
    }

    private let limits: Limits
    private let offset: Int
    private let dialect: CSVDialect
    /// Makes a table one that can be cut; `nil` where the text comes as such.
    private var reader: CSVTextReader?
    /// What it has made and isn't cut yet.
    private var text: [UInt8] = []
    private var cutBytes = 0
    private var isOver = false
    private var cutter: RowCutter
    private var batch = RowBatch()
    /// Where the row begins that is being read.
    private var rowStart = 0
    private var needsFirstRow: Bool
    private var waitsForFirstRow = false
    /// Rows that have ended, those that were passed over included.
    package private(set) var rows = 0

    /// So much of a table in another dialect is rewritten at once.
    private static let slice = 64 << 10

    /// - Parameter offset: how many rows are passed over.
    package init(_ format: RowFormat, limits: Limits, offset: Int, signature: ModelSignature) {
        self.limits = limits
        self.offset = offset
        switch format {
        case .csv(let dialect):
            self.dialect = dialect
            reader = CSVTextReader(dialect, signature: signature)
            (cutter, needsFirstRow) = (RowCutter(separator: UInt8(ascii: ",")), true)
        case .lines:
            dialect = CSVDialect()
            (cutter, needsFirstRow) = (RowCutter(separator: nil), false)
        }
    }

    /// Whether bytes that were taken may make up more than they have so far.
    package var hasMore: Bool { cutBytes < text.count }

    /// Takes bytes as far as the first thing that they make up.
    ///
    /// - Returns: how many were taken: all, where they make up nothing yet.
    /// - Throws: `payload_too_large` for a row that is too long; `malformed_body` for bytes that are no text.
    package mutating func take(
        _ bytes: UnsafeRawBufferPointer
    ) throws(SluiceError) -> (taken: Int, event: Event?) {
        precondition(!waitsForFirstRow)
        var position = 0
        while true {
            if hasMore, let event = try cutText() { return (position, event) }
            guard position < bytes.count else { return (position, nil) }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            guard reader?.isPlain == false else {
                let outcome = try cutRows(rest)
                return (position + outcome.taken, outcome.event)
            }
            let slice = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.slice))
            try reader?.take(slice, into: &text)
            position += slice.count
        }
    }

    /// Cuts what has been rewritten, as far as the first thing that it makes up.
    private mutating func cutText() throws(SluiceError) -> Event? {
        let text = text
        let outcome = text.withUnsafeBytes { bytes -> Result<(taken: Int, event: Event?), SluiceError> in
            do throws(SluiceError) {
                return .success(try cutRows(UnsafeRawBufferPointer(rebasing: bytes[cutBytes...])))
            } catch {
                return .failure(error)
            }
        }
        let (taken, event) = try outcome.get()
        cutBytes += taken
        if !hasMore {
            (self.text, cutBytes) = ([], 0)
        }
        return event
    }

    private mutating func cutRows(
        _ bytes: UnsafeRawBufferPointer
    ) throws(SluiceError) -> (taken: Int, event: Event?) {
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            switch cutter.next(rest) {
            case .more:
                batch.text.append(contentsOf: rest)
                try checkRow()
                return (bytes.count, nil)
            case .blank(let count):
                position += count
                batch.text.removeLast(batch.text.count - rowStart)
            case .row(let count):
                position += count
                batch.text.append(contentsOf: rest.prefix(count))
                try checkRow()
                if let event = endRow() { return (position, event) }
            }
        }
        return (position, nil)
    }

    /// All bytes have come; to be called again until nothing is left.
    ///
    /// - Throws: as `take` does.
    package mutating func finish() throws(SluiceError) -> Event? {
        if !isOver, reader?.isPlain == false { try reader?.finish(into: &text) }
        isOver = true
        if hasMore, let event = try cutText() { return event }
        if cutter.isInRow, let event = endRow() {
            cutter = RowCutter(separator: nil)
            return event
        }
        cutter = RowCutter(separator: nil)
        return batch.rows.isEmpty ? nil : .batch(takeBatch())
    }

    // MARK: The first row

    /// The first row, once an event tells of it.
    package var firstRow: CSVRowReader.FirstRow {
        .init(text: batch.text, line: batch.rows.first?.line ?? 1, dialect: dialect, findings: reader?.findings)
    }

    /// Says whether the first row holds names, and is no row then.
    ///
    /// - Returns: the batch that is full with it.
    package mutating func settle(firstRowIsHeader isHeader: Bool) -> RowBatch? {
        waitsForFirstRow = false
        guard isHeader else { return countRow() }
        batch = RowBatch()
        rowStart = 0
        return nil
    }

    // MARK: Rows

    private mutating func endRow() -> Event? {
        batch.rows.append(RowBatch.Row(end: batch.text.count, line: cutter.line))
        rowStart = batch.text.count
        if needsFirstRow {
            needsFirstRow = false
            waitsForFirstRow = true
            return .firstRow
        }
        return countRow().map { .batch($0) }
    }

    /// The last row in the batch is one that counts.
    private mutating func countRow() -> RowBatch? {
        rows += 1
        if rows <= offset {
            batch = RowBatch()
            rowStart = 0
            return nil
        }
        if batch.rows.count == 1 { batch.firstRow = rows }
        let isFull = batch.rows.count >= limits.rows || (!limits.isExact && batch.text.count >= limits.bytes)
        return isFull ? takeBatch() : nil
    }

    private mutating func takeBatch() -> RowBatch {
        defer {
            batch = RowBatch()
            batch.text.reserveCapacity(min(limits.bytes, 64 << 10))
            rowStart = 0
        }
        return batch
    }

    private func checkRow() throws(SluiceError) {
        let length = limits.isExact ? batch.text.count : batch.text.count - rowStart
        guard length > limits.rowBytes else { return }
        let row = rows + 1
        throw SluiceError(
            .payloadTooLarge,
            """
            row \(row) (line \(cutter.line)) is longer than the \(limits.rowBytes) bytes that one may have here; \
            is a quote never closed?
            """,
            detail: [.init("row", row), .init("line", cutter.line), .init("limit", limits.rowBytes)])
    }
}
