internal import Tensors

extension JSONDocumentReader {
    /// Reads the value that is next as the model's only input, or as an array of objects with a member for each input
    /// or column.
    mutating func readRows() throws(SluiceError) {
        if try nextIsArrayOfRowObjects() { return try readRowObjects() }
        guard signature.inputs.count == 1 else {
            let names = signature.inputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw SluiceError(
                .invalidInput,
                "the model has \(signature.inputs.count) inputs (\(names)), so the document must name them")
        }
        let spec = signature.inputs[0]
        let builder = TensorBuilder(spec.dataType)
        let files = try scanner.files(of: spec.name, among: fileInputs)
        var reader = NestedArrayReader(builder, input: spec.name, columns: spec.columns, files: files)
        try reader.read(&scanner)
        if let files {
            decoded.files = [try files.finish(input: spec.name)]
            return
        }
        let shape = signature.fitted(reader.dimensions, to: spec)
        decoded.inputs = [try builder.finish(name: spec.name, shape: shape)]
    }

    private func nextIsArrayOfRowObjects() throws(SluiceError) -> Bool {
        var ahead = self
        guard try ahead.scanner.peek() == .array else { return false }
        try ahead.scanner.beginArray()
        guard try ahead.scanner.nextElement(first: true), try ahead.scanner.peek() == .object else { return false }
        return try !ahead.nextIsContent()
    }

    private mutating func readRowObjects() throws(SluiceError) {
        if let columnar, try !firstRowNames(columnar.name) {
            try readRowsOfColumns(columnar)
        } else {
            try readRowsOfInputs()
        }
    }

    /// Whether the first key of the first row object is that name.
    private func firstRowNames(_ name: String) throws(SluiceError) -> Bool {
        var ahead = self
        try ahead.scanner.beginArray()
        guard try ahead.scanner.nextElement(first: true) else { return false }
        return try ahead.nextObjectBegins(with: name)
    }

    /// Whether the first key of the object that is next is that name, and no column's.
    func nextObjectBegins(with name: String) throws(SluiceError) -> Bool {
        if columnar?.columns.contains(name) ?? false { return false }
        var ahead = scanner
        try ahead.beginObject()
        return try ahead.nextKey(first: true)?.equals(name) ?? false
    }

    // MARK: A member for each column of the only input

    private mutating func readRowsOfColumns(_ spec: TensorSpec) throws(SluiceError) {
        let builder = TensorBuilder(spec.dataType)
        var positions = [UnsafePointer<UInt8>?](repeating: nil, count: spec.columns.count)
        var rowCount = 0
        try scanner.beginArray()
        while try scanner.nextElement(first: rowCount == 0) {
            rowCount += 1
            try readRow(rowCount, of: spec, into: builder, &positions)
        }
        let shape = signature.fitted([rowCount, spec.columns.count], to: spec)
        decoded.inputs = [try builder.finish(name: spec.name, shape: shape)]
    }

    /// Reads one row object. Members that come in the order of the columns, as they mostly do, are read as they come;
    /// others are passed over and read when the row ends.
    mutating func readRow(
        _ row: Int, of spec: TensorSpec, into builder: TensorBuilder, _ positions: inout [UnsafePointer<UInt8>?]
    ) throws(SluiceError) {
        try expectRowObject(row, input: spec.name)
        for index in positions.indices { positions[index] = nil }
        var next = 0
        var isFirst = true
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            if next < spec.columns.count, positions[next] == nil, key.equals(spec.columns[next]) {
                positions[next] = scanner.position
                try readCell(row, spec, spec.columns[next], builder)
                next += 1
                continue
            }
            guard let column = spec.columns.firstIndex(where: { key.equals($0) }) else {
                throw unknownColumn(key.text, row: row, spec.name, among: spec.columns)
            }
            guard positions[column] == nil else { throw columnTwice(spec.columns[column], row: row, spec.name) }
            positions[column] = scanner.position
            try scanner.skipValue()
        }
        let afterRow = scanner.position
        defer { scanner.position = afterRow }
        for column in next..<spec.columns.count {
            guard let position = positions[column] else {
                throw NamedValues.missing(spec.columns[column], of: spec, row: row)
            }
            scanner.position = position
            try readCell(row, spec, spec.columns[column], builder)
        }
    }

    private mutating func readCell(
        _ row: Int, _ spec: TensorSpec, _ column: String, _ builder: TensorBuilder
    ) throws(SluiceError) {
        let kind = try scanner.peek()
        guard kind != .array else {
            let place = ElementPlace(input: spec.name, row: row, column: column, byte: scanner.offset)
            throw ElementFault(.wrongSort, text: kind.text, dataType: spec.dataType).error(at: place)
        }
        var reader = NestedArrayReader(builder, input: spec.name, row: row, column: column)
        try reader.read(&scanner)
    }

    // MARK: A member for each input

    private mutating func readRowsOfInputs() throws(SluiceError) {
        let specs = signature.inputs
        let builders = specs.map { TensorBuilder($0.dataType) }
        var files = [FileCollector?](repeating: nil, count: specs.count)
        var shapes = [[Int]?](repeating: nil, count: specs.count)
        var lastRows = [Int](repeating: 0, count: specs.count)
        var rowCount = 0
        try scanner.beginArray()
        while try scanner.nextElement(first: rowCount == 0) {
            rowCount += 1
            try expectRowObject(rowCount, input: specs.count == 1 ? specs[0].name : nil)
            var isFirst = true
            while let key = try scanner.nextKey(first: isFirst) {
                isFirst = false
                guard let index = specs.firstIndex(where: { key.equals($0.name) }) else {
                    throw unknownColumn(key.text, row: rowCount, nil, among: specs.map(\.name))
                }
                guard lastRows[index] < rowCount else { throw columnTwice(specs[index].name, row: rowCount, nil) }
                lastRows[index] = rowCount
                if rowCount == 1 { files[index] = try scanner.files(of: specs[index].name, among: fileInputs) }
                var reader = NestedArrayReader(
                    builders[index], input: specs[index].name, columns: specs[index].columns, row: rowCount,
                    files: files[index])
                try reader.read(&scanner)
                guard shapes[index] ?? reader.dimensions == reader.dimensions else {
                    throw Self.unequalRows(specs[index].name, rowCount, reader.dimensions, shapes[index] ?? [])
                }
                shapes[index] = reader.dimensions
            }
            if let index = lastRows.firstIndex(where: { $0 < rowCount }) {
                throw SluiceError(
                    .invalidInput, "row \(rowCount): input \"\(specs[index].name)\" (\(specs[index].text)) is missing",
                    detail: [.init("input", specs[index].name), .init("row", rowCount)])
            }
        }
        decoded.inputs = []
        for (index, spec) in specs.enumerated() {
            if let files = files[index] {
                decoded.files.append(try files.finish(input: spec.name))
                continue
            }
            let shape = signature.fitted([rowCount] + (shapes[index] ?? []), to: spec)
            decoded.inputs.append(try builders[index].finish(name: spec.name, shape: shape))
        }
    }

    /// Reads one row object with a member for each input.
    ///
    /// - Returns: the shapes of the members, in the order of the inputs.
    mutating func readRowOfInputs(_ row: Int, into builders: [TensorBuilder]) throws(SluiceError) -> [[Int]] {
        let specs = signature.inputs
        var shapes = [[Int]?](repeating: nil, count: specs.count)
        try expectRowObject(row, input: specs.count == 1 ? specs[0].name : nil)
        var isFirst = true
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            guard let index = specs.firstIndex(where: { key.equals($0.name) }) else {
                throw unknownColumn(key.text, row: row, nil, among: specs.map(\.name))
            }
            guard shapes[index] == nil else { throw columnTwice(specs[index].name, row: row, nil) }
            var reader = NestedArrayReader(
                builders[index], input: specs[index].name, columns: specs[index].columns, row: row)
            try reader.read(&scanner)
            shapes[index] = reader.dimensions
        }
        if let index = shapes.firstIndex(where: { $0 == nil }) {
            throw SluiceError(
                .invalidInput, "row \(row): input \"\(specs[index].name)\" (\(specs[index].text)) is missing",
                detail: [.init("input", specs[index].name), .init("row", row)])
        }
        return shapes.compactMap { $0 }
    }

    // MARK: Errors

    /// Enters the object of one row.
    private mutating func expectRowObject(_ row: Int, input: String?) throws(SluiceError) {
        let kind = try scanner.peek()
        guard kind == .object else {
            let subject = input.map { "input \"\($0)\", row \(row)" } ?? "row \(row)"
            throw SluiceError(
                .invalidInput, "\(subject): an object is expected, as in the first row, not \(kind.text)",
                detail: [.init("row", row), .init("byte", scanner.offset)])
        }
        try scanner.beginObject()
    }

    private func unknownColumn(
        _ name: String, row: Int, _ input: String?, among names: [String]
    ) -> SluiceError {
        let subject = input.map { "input \"\($0)\", row \(row)" } ?? "row \(row)"
        let sort = input == nil ? "input" : "column"
        return SluiceError(
            .invalidInput,
            "\(subject): there is no \(sort) \"\(ElementFault.shortened(name))\""
                + Spelling.suggestion(for: name, among: names),
            detail: (input.map { [.init("input", $0)] } ?? [])
                + [.init("row", row), .init(sort, ElementFault.shortened(name))])
    }

    private func columnTwice(_ name: String, row: Int, _ input: String?) -> SluiceError {
        let subject = input.map { "input \"\($0)\", row \(row)" } ?? "row \(row)"
        let sort = input == nil ? "input" : "column"
        return SluiceError(
            .invalidInput, "\(subject): \(sort) \"\(name)\" is given twice",
            detail: (input.map { [.init("input", $0)] } ?? []) + [.init("row", row), .init(sort, name)])
    }

    static func unequalRows(_ input: String, _ row: Int, _ shape: [Int], _ before: [Int]) -> SluiceError {
        SluiceError(
            .invalidInput,
            """
            input "\(input)", row \(row): its shape is \(Shape.text(shape)), but that of the rows before it \
            \(Shape.text(before))
            """,
            detail: [.init("input", input), .init("row", row)])
    }
}

extension ModelSignature {
    /// Checks the name of an output that is asked for.
    ///
    /// - Throws: `invalid_input` where the model has no such output, or it has been asked for already.
    func checkWanted(_ name: String, among earlier: [String]) throws(SluiceError) {
        guard output(named: name) != nil else {
            let names = outputs.map(\.name)
            throw SluiceError(
                .invalidInput,
                """
                the model has no output "\(ElementFault.shortened(name))"; it has \
                \(names.map { "\"\($0)\"" }.joined(separator: ", "))
                """,
                detail: [.init("output", ElementFault.shortened(name)), .init("outputs", names)])
        }
        guard !earlier.contains(name) else {
            throw SluiceError(
                .invalidInput, "output \"\(name)\" is asked for twice", detail: [.init("output", name)])
        }
    }
}
