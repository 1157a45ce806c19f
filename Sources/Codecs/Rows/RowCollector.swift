package import Tensors

/// Makes batches of the rows of a long text, which comes in pieces cut anywhere.
///
/// A plain state machine: it holds the batch that isn't full yet, and nothing else.
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
    private var cutter: RowCutter
    private var batch = RowBatch()
    /// Where the row begins that is being read.
    private var rowStart = 0
    private var needsFirstRow: Bool
    private var waitsForFirstRow = false
    /// Rows that have ended, those that were passed over included.
    package private(set) var rows = 0

    /// - Parameter offset: how many rows are passed over.
    package init(_ format: RowFormat, limits: Limits, offset: Int) {
        self.limits = limits
        self.offset = offset
        let isCSV = format != .lines
        cutter = RowCutter(isCSV: isCSV)
        needsFirstRow = isCSV
    }

    /// Takes bytes as far as the first thing that they make up.
    ///
    /// - Returns: how many were taken: all, where they make up nothing yet.
    /// - Throws: `payload_too_large` for a row that is too long.
    package mutating func take(
        _ bytes: UnsafeRawBufferPointer
    ) throws(SluiceError) -> (taken: Int, event: Event?) {
        precondition(!waitsForFirstRow)
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

    /// All bytes have come.
    package mutating func finish() -> Event? {
        if cutter.isInRow, let event = endRow() {
            cutter = RowCutter(isCSV: false)
            return event
        }
        cutter = RowCutter(isCSV: false)
        return batch.rows.isEmpty ? nil : .batch(takeBatch())
    }

    // MARK: The first row

    /// The text of the first row, and the line on which it begins.
    package var firstRow: (text: [UInt8], line: Int) { (batch.text, batch.rows.first?.line ?? 1) }

    /// Says whether the first row holds names, and is no row then.
    ///
    /// - Returns: the batch that is full with it.
    package mutating func settle(firstRowIsHeader isHeader: Bool) -> RowBatch? {
        waitsForFirstRow = false
        guard isHeader else {
            if batch.text.starts(with: [0xEF, 0xBB, 0xBF]) {
                batch.text.removeFirst(3)
                batch.rows[0].end -= 3
                rowStart -= 3
            }
            return countRow()
        }
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
