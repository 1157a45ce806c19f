internal import Tensors

/// Fills the model's inputs from the rows of a table.
struct TableBuilder {
    let mapping: ColumnMapping
    private let builders: [TensorBuilder]
    /// How many rows there are so far.
    private(set) var rows = 0

    init(_ mapping: ColumnMapping) {
        self.mapping = mapping
        builders = mapping.targets.map { TensorBuilder($0.spec.dataType) }
    }

    /// Begins the next row; its cells follow, for each target those of all its sources in order.
    mutating func beginRow() {
        rows += 1
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
            let shape = try target.layout.shape(of: target.spec, rows: rows, columns: target.sources.count)
            tensors.append(try builder.finish(name: target.spec.name, shape: shape))
        }
        return tensors
    }
}
