package import Tensors

/// Comma-separated values (RFC 4180), in UTF-8.
package enum CSVCodec {
    /// Reads a table as the model's inputs; `ColumnMapping` says which column goes where.
    ///
    /// - Parameter hasHeader: what the media type says; `nil` leaves it to the first row: it is a header where one of its
    ///   cells is a wanted column's name, or where the model takes numbers and none of its cells is one.
    /// - Throws: `malformed_body` for what is no CSV or has ragged rows, `invalid_input` for columns and values that the
    ///   model doesn't take.
    package static func decode(
        _ body: RequestBody, hasHeader: Bool?, signature: ModelSignature
    ) throws(SluiceError) -> [Tensor] {
        let bytes = UnsafeRawBufferPointer(rebasing: body.storage.bytes[body.range])
        defer { withExtendedLifetime(body.storage) {} }
        var tokenizer = try CSVTokenizer(bytes)
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
        } while try tokenizer.nextRow()
        return try table.finish()
    }

    /// Appends the tokenizer's present row.
    private static func append(
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
                    try table.append(text, target: index, column: column, line: line)
                }
            }
        }
    }

    private static func names(
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
    private static func isHeader(
        _ tokenizer: CSVTokenizer, signature: ModelSignature, scratch: inout [UInt8]
    ) -> Bool {
        guard let names = try? names(in: tokenizer, scratch: &scratch) else { return false }
        let wanted = ColumnMapping.wantedNames(signature)
        if names.contains(where: { wanted.contains($0) }) { return true }
        // By position, text fits anything that is BYTES: then only numbers can tell.
        let byPosition = try? ColumnMapping(columnCount: names.count, signature: signature)
        let numeric: [(column: Int, dataType: DataType)] =
            if let byPosition {
                byPosition.targets.filter { $0.spec.dataType != .bytes }
                    .flatMap { target in target.sources.map { ($0, target.spec.dataType) } }
            } else if signature.inputs.contains(where: { $0.dataType != .bytes }) {
                names.indices.map { ($0, .fp64) }
            } else {
                []
            }
        guard !numeric.isEmpty else { return false }
        return !numeric.contains { column, dataType in
            tokenizer.text(of: tokenizer.cells[column], scratch: &scratch) { isNumber($0, of: dataType) }
        }
    }

    /// Whether a cell is a number or truth value; one that the type can't hold is still no name.
    private static func isNumber(_ cell: UnsafeRawBufferPointer, of dataType: DataType) -> Bool {
        do throws(ElementFault) {
            try TensorBuilder(dataType).append(cell: cell)
            return true
        } catch {
            return error.kind == .outOfRange || error.kind == .hasFraction
        }
    }
}
