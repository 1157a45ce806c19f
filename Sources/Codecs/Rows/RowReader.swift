package import Tensors

/// A row that can't be read, or whose answer can't be written.
package struct RowFault: Sendable {
    /// Its number in the whole text, from 1.
    package var row: Int
    package var error: SluiceError

    package init(row: Int, error: SluiceError) {
        self.row = row
        self.error = error
    }
}

/// Rows that have been read as a model's inputs.
package struct DecodedRows: Sendable {
    package var inputs: [Tensor] = []
    /// How many rows the inputs have.
    package var count = 0
    /// Rows that were left out, in their order.
    package var faults: [RowFault] = []

    package init() {}
}

/// Reads the batches of one long table as a model's inputs.
package enum RowReader: Sendable {
    case csv(CSVRowReader)
    case lines

    /// Reads some rows of a batch.
    ///
    /// - Parameter skipsFaults: whether rows that can't be read are left out, and don't fail the others.
    /// - Throws: `malformed_body` or `invalid_input`, saying which row and line.
    package mutating func decode(
        _ batch: RowBatch, _ range: Range<Int>, signature: ModelSignature, skipsFaults: Bool
    ) throws(SluiceError) -> DecodedRows {
        var decoded: DecodedRows
        switch self {
        case .csv(var reader):
            defer { self = .csv(reader) }
            decoded = try reader.decode(batch, range, signature: signature, skipsFaults: skipsFaults)
        case .lines: decoded = try JSONRows.decode(batch, range, signature: signature, skipsFaults: skipsFaults)
        }
        if decoded.count > 0 {
            do throws(SluiceError) {
                try signature.validate(decoded.inputs)
            } catch {
                // What is wrong with several rows can only be told of each by itself.
                guard decoded.count == 1 else { throw error }
                guard skipsFaults else { throw error.at(row: batch.firstRow + range.lowerBound) }
                let wrong = Set(decoded.faults.map(\.row))
                let row = range.map { batch.firstRow + $0 }.first { !wrong.contains($0) } ?? batch.firstRow
                decoded.faults.append(RowFault(row: row, error: error.at(row: row)))
                decoded.faults.sort { $0.row < $1.row }
                (decoded.inputs, decoded.count) = ([], 0)
            }
        }
        return decoded
    }
}

extension SluiceError {
    /// The same, said of a row, where it doesn't say so already.
    package func at(row: Int, line: Int? = nil) -> SluiceError {
        guard !detail.contains(where: { $0.key == "row" }) else { return self }
        var error = self
        error.message = "row \(row): \(message)"
        error.detail.insert(.init("row", row), at: 0)
        if let line, !detail.contains(where: { $0.key == "line" }) {
            error.message = "row \(row) (line \(line)): \(message)"
            error.detail.insert(.init("line", line), at: 1)
        }
        return error
    }
}

/// How rows become a model's inputs.
package enum RowPlan: Sendable, Equatable {
    /// Any number of rows together.
    case free
    /// So many together, and no other number.
    case exact(Int)
    /// One row is the whole of the inputs.
    case whole

    package init(_ signature: ModelSignature) {
        var plan = RowPlan.free
        for spec in signature.inputs {
            switch spec.rowPlan {
            case .whole:
                self = .whole
                return
            case .exact(let rows): plan = .exact(rows)
            case .free: break
            }
        }
        self = plan
    }

    /// How many rows go together where that many are asked for.
    package func rows(wanted: Int) -> Int {
        switch self {
        case .free: wanted
        case .exact(let rows): rows
        case .whole: 1
        }
    }
}

extension TensorSpec {
    /// How rows become this input. A vector of fixed length is one row.
    var rowPlan: RowPlan {
        guard let shape else { return .free }
        guard let first = shape.first else { return .whole }
        if first < 0 { return .free }
        return shape.count == 1 && first > 1 ? .whole : .exact(max(first, 1))
    }
}
