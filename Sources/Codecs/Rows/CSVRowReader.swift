package import Tensors

/// Reads batches of CSV rows, whose columns the first row of the whole text has settled.
package struct CSVRowReader: Sendable {
    /// Whether the first row holds names.
    package let hasHeader: Bool
    private let names: [String]?
    private let columnCount: Int
    /// What the rows so far have told of how numbers are written, where that may be with a decimal comma.
    private var findings: DecimalMarks.Findings?

    /// The first row of a text.
    package struct FirstRow: Sendable {
        var text: [UInt8]
        /// The line on which it begins.
        var line: Int
        var dialect: CSVDialect
        var findings: DecimalMarks.Findings?
    }

    /// Looks at the first row.
    ///
    /// - Throws: `malformed_body`; `invalid_input` where the columns aren't what the model takes.
    package init(_ first: FirstRow, signature: ModelSignature) throws(SluiceError) {
        findings = first.findings
        let hasHeader = first.dialect.hasHeader
        let outcome = first.text.withUnsafeBytes { bytes -> Result<(Bool, [String]?, Int), SluiceError> in
            do throws(SluiceError) {
                var tokenizer = CSVTokenizer(bytes)
                tokenizer.restart(bytes, line: first.line)
                tokenizer.marks = first.findings.map { DecimalMarks($0) }
                guard try tokenizer.nextRow() else { throw SluiceError(.malformedBody, "the CSV has no rows") }
                var scratch: [UInt8] = []
                let isHeader = hasHeader ?? CSVCodec.isHeader(tokenizer, signature: signature, scratch: &scratch)
                let names = isHeader ? try CSVCodec.names(in: tokenizer, scratch: &scratch) : nil
                return .success((isHeader, names, tokenizer.cells.count))
            } catch {
                return .failure(error)
            }
        }
        (self.hasHeader, names, columnCount) = try outcome.get()
        _ = try mapping(signature)
    }

    private func mapping(_ signature: ModelSignature) throws(SluiceError) -> ColumnMapping {
        if let names { return try ColumnMapping(names: names, signature: signature) }
        return try ColumnMapping(columnCount: columnCount, signature: signature)
    }

    mutating func decode(
        _ batch: RowBatch, _ range: Range<Int>, signature: ModelSignature, skipsFaults: Bool
    ) throws(SluiceError) -> DecodedRows {
        let mapping = try mapping(signature)
        let marks = findings.map { DecimalMarks($0) }
        let outcome = batch.text.withUnsafeBytes { bytes -> Result<DecodedRows, SluiceError> in
            do throws(SluiceError) {
                return .success(
                    try Self.decode(bytes, batch, range, mapping: mapping, marks, skipsFaults: skipsFaults))
            } catch {
                return .failure(error)
            }
        }
        if let marks { findings = marks.findings }
        return try outcome.get()
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, _ batch: RowBatch, _ range: Range<Int>, mapping: ColumnMapping,
        _ marks: DecimalMarks?, skipsFaults: Bool
    ) throws(SluiceError) -> DecodedRows {
        var decoded = DecodedRows()
        var table = TableBuilder(mapping, before: batch.firstRow + range.lowerBound - 1)
        var tokenizer = CSVTokenizer(UnsafeRawBufferPointer(rebasing: bytes[..<0]))
        tokenizer.marks = marks
        var scratch: [UInt8] = []
        guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return decoded }
        let end = start + bytes.count
        var index = range.lowerBound
        while index < range.upperBound {
            if marks == nil {
                var position = start + batch.range(of: index).lowerBound
                index += table.takePlainRows(&position, upTo: end, atMost: range.upperBound - index)
                guard index < range.upperBound else { break }
                assert(position == start + batch.range(of: index).lowerBound, "rows end where they were cut")
            }
            defer { index += 1 }
            let row = UnsafeRawBufferPointer(rebasing: bytes[batch.range(of: index)])
            tokenizer.restart(row, line: batch.rows[index].line)
            table.beginRow()
            do throws(SluiceError) {
                guard try tokenizer.nextRow() else { throw SluiceError(.internalError, "a row of no cells") }
                try CSVCodec.append(tokenizer, to: table, scratch: &scratch)
            } catch {
                let error = error.at(row: batch.firstRow + index)
                guard skipsFaults else { throw error }
                table.dropRow()
                decoded.faults.append(RowFault(row: batch.firstRow + index, error: error))
            }
        }
        decoded.count = table.kept
        if table.kept > 0 { decoded.inputs = try table.finish() }
        return decoded
    }
}
