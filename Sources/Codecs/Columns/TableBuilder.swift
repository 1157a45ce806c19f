internal import Tensors

/// Fills the model's inputs from the rows of a table.
struct TableBuilder {
    let mapping: ColumnMapping
    private let builders: [TensorBuilder]
    /// Whether the table's cells are, one after the other, the numbers of the only input.
    private let isPlain: Bool
    /// The number of the present row, from 1.
    private(set) var rows: Int
    /// How many rows there are.
    private(set) var kept = 0

    /// - Parameter before: how many rows of the table come before these.
    init(_ mapping: ColumnMapping, before: Int = 0) {
        self.mapping = mapping
        rows = before
        builders = mapping.targets.map { TensorBuilder($0.spec.dataType) }
        isPlain =
            mapping.targets.count == 1 && !mapping.targets[0].isText
            && mapping.targets[0].sources.elementsEqual(0..<mapping.columnCount)
    }

    /// Begins the next row; its cells follow, for each target those of all its sources in order.
    mutating func beginRow() {
        rows += 1
        kept += 1
    }

    /// Drops what there is of the present row, which counts on.
    mutating func dropRow() {
        kept -= 1
        for (target, builder) in zip(mapping.targets, builders) { builder.truncate(to: kept * target.sources.count) }
    }

    /// Takes the next rows as a whole, as long as their cells are just the numbers that the only input takes.
    ///
    /// - Parameters:
    ///   - position: moved past the rows that have been taken.
    ///   - end: where the bytes end that may be looked at.
    /// - Returns: how many rows have been taken.
    mutating func takePlainRows(
        _ position: inout UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>, atMost limit: Int = .max
    ) -> Int {
        guard isPlain else { return 0 }
        let taken = builders[0].appendPlainRows(
            .line, &position, upTo: end, columns: mapping.columnCount, atMost: limit)
        rows += taken
        kept += taken
        return taken
    }

    /// Appends one cell of the present row.
    ///
    /// - Throws: `invalid_input`, with input, row, column and line.
    func append(_ cell: UnsafeRawBufferPointer, target: Int, column: Int, line: Int?) throws(SluiceError) {
        do throws(ElementFault) {
            try builders[target].append(cell: cell)
        } catch {
            throw error.error(at: place(target: target, column: column, line: line))
        }
    }

    /// Where a cell of the present row stands.
    func place(target: Int, column: Int, line: Int?) -> ElementPlace {
        ElementPlace(
            input: mapping.targets[target].spec.name, row: rows, column: mapping.label(ofColumn: column), line: line)
    }

    /// The inputs, in the model's order.
    ///
    /// - Throws: `invalid_input` where an input doesn't take so many rows.
    func finish() throws(SluiceError) -> [Tensor] {
        var tensors: [Tensor] = []
        for (target, builder) in zip(mapping.targets, builders) {
            let shape = try target.layout.shape(of: target.spec, rows: kept, columns: target.sources.count)
            tensors.append(try builder.finish(name: target.spec.name, shape: shape))
        }
        return tensors
    }
}
