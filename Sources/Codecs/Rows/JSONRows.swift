internal import Tensors

/// Reads batches of lines, each of which is one row as JSON: an object by the names of columns or inputs, or, for a
/// model of one input, its row as an array or a bare value.
enum JSONRows {
    static func decode(
        _ batch: RowBatch, _ range: Range<Int>, signature: ModelSignature, skipsFaults: Bool
    ) throws(SluiceError) -> DecodedRows {
        let outcome = batch.text.withUnsafeBytes { bytes -> Result<DecodedRows, SluiceError> in
            do throws(SluiceError) {
                return .success(try decode(bytes, batch, range, signature, skipsFaults))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, _ batch: RowBatch, _ range: Range<Int>, _ signature: ModelSignature,
        _ skipsFaults: Bool
    ) throws(SluiceError) -> DecodedRows {
        var decoded = DecodedRows()
        var rows = JSONRowBuilder(signature)
        for index in range {
            let number = batch.firstRow + index
            do throws(SluiceError) {
                let text = UnsafeRawBufferPointer(rebasing: bytes[batch.range(of: index)])
                // A line that ends too soon does so on its own line.
                let isEnded = text.last == UInt8(ascii: "\n")
                try rows.append(
                    UnsafeRawBufferPointer(rebasing: text.dropLast(isEnded ? 1 : 0)), row: number,
                    line: batch.rows[index].line)
            } catch {
                let error = error.at(row: number, line: batch.rows[index].line)
                guard skipsFaults else { throw error }
                decoded.faults.append(RowFault(row: number, error: error))
            }
        }
        decoded.count = rows.count
        if rows.count > 0 { decoded.inputs = try rows.finish() }
        return decoded
    }
}

/// Gathers rows, a JSON value each, as a model's inputs.
private struct JSONRowBuilder {
    private let signature: ModelSignature
    private let builders: [TensorBuilder]
    /// The shape of one row of each input, which the first row settles.
    private var shapes: [[Int]?]
    private var positions: [UnsafePointer<UInt8>?]
    private(set) var count = 0

    init(_ signature: ModelSignature) {
        self.signature = signature
        builders = signature.inputs.map { TensorBuilder($0.dataType) }
        shapes = Array(repeating: nil, count: signature.inputs.count)
        positions = Array(repeating: nil, count: signature.inputs.first?.columns.count ?? 0)
    }

    /// Appends a row, or nothing of it.
    mutating func append(_ text: UnsafeRawBufferPointer, row: Int, line: Int) throws(SluiceError) {
        let marks = builders.map(\.count)
        do throws(SluiceError) {
            var reader = try JSONDocumentReader(text, signature, firstLine: line)
            let found = try read(&reader, row: row)
            try reader.scanner.finish()
            for (index, shape) in found.enumerated() {
                if shapes[index] == shape { continue }
                try check(shape, of: signature.inputs[index], row: row)
                if let known = shapes[index] {
                    throw JSONDocumentReader.unequalRows(signature.inputs[index].name, row, shape, known)
                }
            }
            shapes = found
            count += 1
        } catch {
            for (builder, mark) in zip(builders, marks) { builder.truncate(to: mark) }
            throw error
        }
    }

    /// Reads one value, whose shapes by input it returns.
    private mutating func read(_ reader: inout JSONDocumentReader, row: Int) throws(SluiceError) -> [[Int]] {
        let inputs = signature.inputs
        if try reader.scanner.peek() == .object, try !reader.nextIsContent() {
            if let columnar = reader.columnar, try !reader.nextObjectBegins(with: columnar.name) {
                try reader.readRow(row, of: columnar, into: builders[0], &positions)
                return [[columnar.columns.count]]
            }
            return try reader.readRowOfInputs(row, into: builders)
        }
        guard inputs.count == 1 else {
            let names = inputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw SluiceError(
                .invalidInput,
                "the model has \(inputs.count) inputs (\(names)), so a row must be an object that names them")
        }
        var value = NestedArrayReader(builders[0], input: inputs[0].name, columns: inputs[0].columns, row: row)
        try value.read(&reader.scanner)
        return [value.dimensions]
    }

    func finish() throws(SluiceError) -> [Tensor] {
        var inputs: [Tensor] = []
        for (index, spec) in signature.inputs.enumerated() {
            let shape = shape(of: spec, rows: count, row: shapes[index] ?? [])
            inputs.append(try builders[index].finish(name: spec.name, shape: shape))
        }
        return inputs
    }

    private func shape(of spec: TensorSpec, rows: Int, row: [Int]) -> [Int] {
        signature.fitted(spec.rowPlan == .whole ? row : [rows] + row, to: spec)
    }

    /// Checks the shape of one row's value, all but the number of rows.
    private func check(_ row: [Int], of spec: TensorSpec, row number: Int) throws(SluiceError) {
        guard let declared = spec.shape else { return }
        let shape = shape(of: spec, rows: declared.first.map { max($0, 1) } ?? 1, row: row)
        let fits =
            shape.count == declared.count && zip(shape, declared).dropFirst().allSatisfy { $1 < 0 || $0 == $1 }
        guard !fits else { return }
        throw SluiceError(
            .invalidInput,
            "input \"\(spec.name)\", row \(number): its shape is \(Shape.text(row)), but the input is \(spec.text)",
            detail: [.init("input", spec.name), .init("row", number)])
    }
}
