package import Tensors

/// Writes the answers to rows: lines of CSV, or of JSON.
package struct RowEncoder: Sendable {
    /// What stands between cells; `nil` for lines of JSON.
    private let separator: UInt8?
    /// Rows may get errors in place of answers.
    private let showsFaults: Bool

    package init(_ format: RowFormat, showsFaults: Bool) {
        separator = format.separator
        self.showsFaults = showsFaults
    }

    /// Writes the answer to rows that a model was asked together.
    ///
    /// - Parameters:
    ///   - rows: the numbers of all rows, answered or not.
    ///   - decoded: those that the model was asked.
    ///   - isWhole: the answer is that to one row, without an axis for rows.
    /// - Throws: `not_acceptable` where the outputs aren't one for each row, or can't be written.
    package func encode(
        _ outputs: [Tensor], specs: [TensorSpec], rows: Range<Int>, decoded: DecodedRows, isWhole: Bool
    ) throws(SluiceError) -> EncodedRows {
        var tensors = outputs
        for index in tensors.indices {
            let shape = tensors[index].shape
            if isWhole, shape.first != 1 {
                tensors[index] = tensors[index].asOneRow
            } else if shape.first != decoded.count {
                throw SluiceError(
                    .notAcceptable,
                    """
                    output "\(tensors[index].name)" is \(Shape.text(shape)) for \(decoded.count) rows, so it isn't one \
                    answer for each; ask /v1/infer
                    """,
                    detail: [.init("output", tensors[index].name)])
            }
        }
        guard let separator else { return try encodeLines(tensors, rows: rows, faults: decoded.faults) }
        return try encodeCSV(tensors, separator, specs: specs, rows: rows, faults: decoded.faults)
    }

    /// Rows that all got an error.
    package func encode(_ faults: [RowFault]) -> EncodedRows {
        var encoded = EncodedRows()
        encoded.rows = faults.count
        encoded.failed = faults.count
        if separator != nil {
            encoded.parts = [.faults(faults)]
        } else {
            var json = JSONWriter()
            for fault in faults { json.line(of: fault) }
            encoded.parts = [.lines(json.bytes, header: [], width: 0)]
        }
        return encoded
    }

    // MARK: CSV

    private func encodeCSV(
        _ tensors: [Tensor], _ separator: UInt8, specs: [TensorSpec], rows: Range<Int>, faults: [RowFault]
    ) throws(SluiceError) -> EncodedRows {
        let columns = tensors.map { CSVColumns($0, separator: separator) }.filter { $0.width > 0 }
        let width = columns.reduce(0) { $0 + $1.width }
        guard width > 0 else {
            throw SluiceError(
                .notAcceptable, "the outputs have no columns to write as CSV; ask for application/x-ndjson")
        }
        var encoded = EncodedRows()
        encoded.rows = rows.count
        let isOneColumn = width == 1 && !showsFaults
        var text: [UInt8] = []
        text.reserveCapacity(rows.count * (width * 12 + 16))
        var wrong = faults[...]
        var place = 0
        for row in rows {
            if let fault = wrong.first, fault.row == row {
                wrong.removeFirst()
                encoded.failed += 1
                Self.append(fault, separator, width: width, to: &text)
                continue
            }
            let start = text.count
            do throws(SluiceError) {
                for (index, column) in columns.enumerated() {
                    if index > 0 { text.append(separator) }
                    try column.append(row: place, isAlone: isOneColumn, to: &text)
                }
                if showsFaults { text.append(separator) }
                text.append(contentsOf: CSVCodec.lineEnd)
            } catch {
                guard showsFaults else { throw Self.unwritable(error, row: row) }
                text.removeSubrange(start...)
                encoded.failed += 1
                let fault = RowFault(row: row, error: Self.unwritable(error, row: row))
                Self.append(fault, separator, width: width, to: &text)
            }
            place += 1
        }
        encoded.parts = [.lines(text, header: header(columns, separator, specs: specs), width: width)]
        return encoded
    }

    private func header(_ columns: [CSVColumns], _ separator: UInt8, specs: [TensorSpec]) -> [UInt8] {
        var header: [UInt8] = []
        for column in columns {
            for name in column.names(spec: specs.first { $0.name == column.reader.tensor.name }) {
                if !header.isEmpty { header.append(separator) }
                header.appendCSVCell(Array(name.utf8), isAlone: false, separator: separator)
            }
        }
        if showsFaults { header.append(contentsOf: [separator] + Array("error".utf8)) }
        header.append(contentsOf: CSVCodec.lineEnd)
        return header
    }

    static func append(_ fault: RowFault, _ separator: UInt8, width: Int, to text: inout [UInt8]) {
        text.append(contentsOf: repeatElement(separator, count: width))
        let cell = Array("\(fault.error.code.text): \(fault.error.message)".utf8)
        text.appendCSVCell(cell, isAlone: width == 0, separator: separator)
        text.append(contentsOf: CSVCodec.lineEnd)
    }

    /// The row of the whole text that an answer can't be written to, instead of that of its batch.
    private static func unwritable(_ error: SluiceError, row: Int) -> SluiceError {
        var error = error
        error.detail.removeAll { $0.key == "row" }
        return error.at(row: row)
    }

    // MARK: Lines

    private func encodeLines(
        _ tensors: [Tensor], rows: Range<Int>, faults: [RowFault]
    ) throws(SluiceError) -> EncodedRows {
        let readers = tensors.map { ElementReader($0) }
        let hasNonFinite = readers.contains { $0.firstNonFinite != nil }
        var encoded = EncodedRows()
        encoded.rows = rows.count
        var json = JSONWriter(reserving: rows.count * 64)
        var wrong = faults[...]
        var place = 0
        for row in rows {
            if let fault = wrong.first, fault.row == row {
                wrong.removeFirst()
                encoded.failed += 1
                json.line(of: fault)
                continue
            }
            if hasNonFinite, let error = Self.nonFinite(readers, place: place, row: row) {
                guard showsFaults else { throw error }
                encoded.failed += 1
                json.line(of: RowFault(row: row, error: error))
            } else {
                json.beginObject()
                json.key(plain: "row")
                json.number(row)
                json.key(plain: "outputs")
                json.beginObject()
                for reader in readers {
                    json.key(reader.tensor.name)
                    json.elements(of: reader, row: place)
                }
                json.endObject()
                json.endObject()
                json.endLine()
            }
            place += 1
        }
        encoded.parts = [.lines(json.bytes, header: [], width: 0)]
        return encoded
    }

    private static func nonFinite(_ readers: [ElementReader], place: Int, row: Int) -> SluiceError? {
        for reader in readers {
            let width = reader.tensor.shape.dropFirst().reduce(1) { $0 &* $1 }
            guard let index = reader.firstNonFinite(in: (place * width)..<((place + 1) * width)) else { continue }
            return SluiceError(
                .notAcceptable,
                """
                row \(row): output "\(reader.tensor.name)", element \(index - place * width + 1): JSON has no NaN and no \
                infinity; ask for text/csv
                """,
                detail: [.init("row", row), .init("output", reader.tensor.name)])
        }
        return nil
    }
}

extension JSONWriter {
    /// Writes the line of a row that got an error.
    fileprivate mutating func line(of fault: RowFault) {
        beginObject()
        key(plain: "row")
        number(fault.row)
        key(plain: "error")
        string(fault.error.message)
        key(plain: "code")
        string(fault.error.code.text)
        endObject()
        endLine()
    }
}
