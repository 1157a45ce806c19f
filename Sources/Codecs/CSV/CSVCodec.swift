internal import Tensors

/// Comma-separated values (RFC 4180), and the dialects that `CSVTextReader` makes them of.
package enum CSVCodec {
    /// Reads a table as the model's inputs; `ColumnMapping` says which column goes where.
    ///
    /// - Parameter dialect: what the media type says. Where it says nothing of a header, the first row tells: it is none where
    ///   all its cells are numbers that the model takes, and one where a cell is a wanted column's name or, of the cells that
    ///   would be numbers, none is.
    /// - Throws: `malformed_body` for what is no CSV or has ragged rows, `invalid_input` for columns and values that the
    ///   model doesn't take.
    static func decode(
        _ body: RequestBody, _ dialect: CSVDialect, signature: ModelSignature
    ) throws(SluiceError) -> [Tensor] {
        let (body, findings) = try CSVTextReader.standard(body, dialect, signature: signature)
        return try decode(
            body, hasHeader: dialect.hasHeader, marks: findings.map { DecimalMarks($0) }, signature: signature)
    }

    private static func decode(
        _ body: RequestBody, hasHeader: Bool?, marks: DecimalMarks?, signature: ModelSignature
    ) throws(SluiceError) -> [Tensor] {
        let bytes = body.bytes
        defer { withExtendedLifetime(body.storage) {} }
        var tokenizer = CSVTokenizer(bytes)
        tokenizer.marks = marks
        guard try tokenizer.nextRow() else { throw SluiceError(.malformedBody, "the CSV has no rows") }

        var scratch: [UInt8] = []
        let mapping: ColumnMapping
        if hasHeader ?? isHeader(tokenizer, signature: signature, scratch: &scratch) {
            mapping = try ColumnMapping(names: names(in: tokenizer, scratch: &scratch), signature: signature)
            guard try tokenizer.nextRow() else {
                throw SluiceError(.invalidInput, "the CSV has a header but no rows")
            }
        } else {
            mapping = try ColumnMapping(columnCount: tokenizer.cells.count, signature: signature)
        }

        var table = TableBuilder(mapping)
        repeat {
            table.beginRow()
            try append(tokenizer, to: table, scratch: &scratch)
            if marks == nil { tokenizer.passPlainRows { table.takePlainRows(&$0, upTo: $1) } }
        } while try tokenizer.nextRow()
        return try table.finish()
    }

    /// Appends the tokenizer's present row.
    static func append(
        _ tokenizer: CSVTokenizer, to table: TableBuilder, scratch: inout [UInt8]
    ) throws(SluiceError) {
        let mapping = table.mapping
        let line = tokenizer.line
        guard tokenizer.cells.count == mapping.columnCount else {
            throw SluiceError(
                .malformedBody,
                """
                row \(table.rows) (line \(line)) has \(tokenizer.cells.count) \
                \(tokenizer.cells.count == 1 ? "cell" : "cells"), \
                but the \(mapping.names == nil ? "first row" : "header") has \(mapping.columnCount)
                """,
                detail: [.init("row", table.rows), .init("line", line)])
        }
        for (index, target) in mapping.targets.enumerated() {
            for column in target.sources {
                try tokenizer.text(of: tokenizer.cells[column], scratch: &scratch) { (text) throws(SluiceError) in
                    if target.isText, !UTF8Check.isValid(text) {
                        let place = table.place(target: index, column: column, line: line)
                        throw SluiceError(.invalidInput, "\(place): the text is not UTF-8", detail: place.detail)
                    }
                    guard let marks = tokenizer.marks, !target.isText else {
                        return try table.append(text, target: index, column: column, line: line)
                    }
                    let fault = try marks.show(text) { (number) throws(SluiceError) in
                        try table.append(number, target: index, column: column, line: line)
                    }
                    if let fault {
                        let place = table.place(target: index, column: column, line: line)
                        throw SluiceError(.invalidInput, "\(place): \(fault)", detail: place.detail)
                    }
                }
            }
        }
    }

    static func names(
        in tokenizer: CSVTokenizer, scratch: inout [UInt8]
    ) throws(SluiceError) -> [String] {
        var names: [String] = []
        for (column, cell) in tokenizer.cells.enumerated() {
            let name = tokenizer.text(of: cell, scratch: &scratch) { String(validating: $0, as: UTF8.self) }
            guard let name else {
                throw SluiceError(
                    .malformedBody, "CSV line \(tokenizer.line), column \(column + 1): the name is not UTF-8",
                    detail: [.init("line", tokenizer.line), .init("column", column + 1)])
            }
            names.append(name)
        }
        return names
    }

    /// Whether the first row, which the tokenizer is at, is a header.
    static func isHeader(
        _ tokenizer: CSVTokenizer, signature: ModelSignature, scratch: inout [UInt8]
    ) -> Bool {
        let numeric = numericColumns(count: tokenizer.cells.count, signature: signature)
        var numbers = 0
        for (columns, dataType) in numeric {
            let builder = TensorBuilder(dataType)
            for column in columns {
                let fits = tokenizer.text(of: tokenizer.cells[column], scratch: &scratch) { text in
                    isNumber(text, builder)
                        || tokenizer.marks != nil && DecimalMarks.isNumber(Slice(base: text, bounds: text.indices))
                }
                numbers += fits ? 1 : 0
            }
        }
        // The usual table without a header ends here, before any name is looked at.
        if numbers == tokenizer.cells.count { return false }
        guard let names = try? names(in: tokenizer, scratch: &scratch) else { return false }
        let wanted = ColumnMapping.wantedNames(signature)
        if names.contains(where: { wanted.contains($0) }) { return true }
        return !numeric.isEmpty && numbers == 0
    }

    /// The columns that would hold numbers if the first row had no names. Text fits anything that is BYTES, so only
    /// numbers can tell.
    private static func numericColumns(
        count: Int, signature: ModelSignature
    ) -> [(columns: [Int], dataType: DataType)] {
        if let mapping = try? ColumnMapping(columnCount: count, signature: signature) {
            return mapping.targets.filter { !$0.isText }.map { ($0.sources, $0.spec.dataType) }
        }
        return signature.inputs.contains { $0.dataType != .bytes } ? [(Array(0..<count), .fp64)] : []
    }

    /// Whether a cell is a number or truth value; one that the type can't hold is still no name.
    private static func isNumber(_ cell: UnsafeRawBufferPointer, _ builder: TensorBuilder) -> Bool {
        do throws(ElementFault) {
            try builder.append(cell: cell)
            return true
        } catch {
            return error.kind == .outOfRange || error.kind == .hasFraction
        }
    }
}
