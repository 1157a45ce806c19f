internal import Tensors

/// Collects the members of an object that are values of inputs, or columns of the one input.
struct NamedValues {
    /// A value that was read and its shape.
    private struct Value {
        var builder: TensorBuilder
        var dimensions: [Int]
        var files: FileCollector?
    }

    private let signature: ModelSignature
    private let columnar: TensorSpec?
    /// Names of the inputs that may be files.
    private let fileInputs: [String]
    private var inputs: [Value?]
    private var columns: [Value?]
    /// The first name that was read.
    private(set) var firstName = ""

    init(_ signature: ModelSignature, columnar: TensorSpec?, fileInputs: [String]) {
        self.fileInputs = fileInputs
        self.signature = signature
        self.columnar = columnar
        inputs = Array(repeating: nil, count: signature.inputs.count)
        columns = Array(repeating: nil, count: columnar?.columns.count ?? 0)
    }

    var isEmpty: Bool { firstName.isEmpty }

    /// Reads the value of `key`; `false`, with nothing read, where that names no input or column.
    mutating func read(_ key: JSONString, _ scanner: inout JSONScanner) throws(SluiceError) -> Bool {
        if let index = signature.inputs.firstIndex(where: { key.equals($0.name) }) {
            let spec = signature.inputs[index]
            if firstName.isEmpty { firstName = spec.name }
            guard inputs[index] == nil else {
                throw SluiceError(
                    .invalidInput, "input \"\(spec.name)\" is given twice", detail: [.init("input", spec.name)])
            }
            let builder = TensorBuilder(spec.dataType)
            let files = try scanner.files(of: spec.name, among: fileInputs)
            var reader = NestedArrayReader(builder, input: spec.name, columns: spec.columns, files: files)
            try reader.read(&scanner)
            inputs[index] = Value(builder: builder, dimensions: reader.dimensions, files: files)
            return true
        }
        guard let columnar, let index = columnar.columns.firstIndex(where: { key.equals($0) }) else { return false }
        let name = columnar.columns[index]
        if firstName.isEmpty { firstName = name }
        guard columns[index] == nil else {
            throw SluiceError(
                .invalidInput, "input \"\(columnar.name)\": column \"\(name)\" is given twice",
                detail: [.init("input", columnar.name), .init("column", name)])
        }
        let builder = TensorBuilder(columnar.dataType)
        var reader = NestedArrayReader(builder, input: columnar.name, column: name)
        try reader.read(&scanner)
        guard reader.dimensions.count <= 1 else {
            throw SluiceError(
                .invalidInput,
                "input \"\(columnar.name)\", column \"\(name)\": an array of scalars is needed, not arrays of arrays",
                detail: [.init("input", columnar.name), .init("column", name)])
        }
        columns[index] = Value(builder: builder, dimensions: reader.dimensions)
        return true
    }

    /// The tensors of all that was read, and the inputs that are files.
    ///
    /// - Throws: `invalid_input` where columns are missing or of different lengths.
    func finish() throws(SluiceError) -> (tensors: [Tensor], files: [FileInput]) {
        var tensors: [Tensor] = []
        var files: [FileInput] = []
        for (spec, value) in zip(signature.inputs, inputs) {
            guard let value else { continue }
            if let collector = value.files {
                files.append(try collector.finish(input: spec.name))
                continue
            }
            let shape = signature.fitted(value.dimensions, to: spec)
            tensors.append(try value.builder.finish(name: spec.name, shape: shape))
        }
        if let columnar, columns.contains(where: { $0 != nil }) {
            guard tensors.isEmpty else {
                throw SluiceError(
                    .invalidInput, "input \"\(columnar.name)\" is given both whole and by columns",
                    detail: [.init("input", columnar.name)])
            }
            tensors.append(try joinedColumns(of: columnar))
        }
        return (tensors, files)
    }

    private func joinedColumns(of spec: TensorSpec) throws(SluiceError) -> Tensor {
        var joined: [Tensor] = []
        var rowCount = 0
        for (name, value) in zip(spec.columns, columns) {
            guard let value else { throw Self.missing(name, of: spec) }
            if joined.isEmpty { rowCount = value.builder.count }
            guard value.builder.count == rowCount else {
                throw SluiceError(
                    .invalidInput,
                    """
                    input "\(spec.name)": column "\(name)" has \(value.builder.count) elements, but column \
                    "\(spec.columns[0])" has \(rowCount)
                    """,
                    detail: [.init("input", spec.name), .init("column", name)])
            }
            joined.append(try value.builder.finish(name: name, shape: [rowCount]))
        }
        let builder = TensorBuilder(spec.dataType, expectedCount: rowCount * joined.count)
        for row in 0..<rowCount {
            for column in joined { builder.append(element: row, of: column) }
        }
        let shape = signature.fitted([rowCount, joined.count], to: spec)
        return try builder.finish(name: spec.name, shape: shape)
    }

    /// The error about a column that isn't there.
    static func missing(_ column: String, of spec: TensorSpec, row: Int? = nil) -> SluiceError {
        let place = ElementPlace(input: spec.name, row: row)
        return SluiceError(
            .invalidInput, "\(place): column \"\(column)\" is missing",
            detail: place.detail + [.init("column", column)])
    }
}
