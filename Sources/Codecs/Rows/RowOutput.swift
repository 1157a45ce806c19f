package import Tensors

/// Puts the answers to batches together as one text.
///
/// A plain state machine: given the batches' answers in their order it returns the bytes that go out. The first line of
/// CSV is that of the first answer, and none where rows were passed over: what comes then goes on with an earlier text.
package struct RowOutput: Sendable {
    /// More rows without an answer are not kept before the first that has one.
    package static let mostLeadingFaults = 10_000

    /// What stands between cells; `nil` for lines of JSON.
    private let separator: UInt8?
    private var needsHeader: Bool
    private var header: [UInt8]?
    private var width = 0
    /// Rows that got errors before it was known how many columns there are.
    private var leading: [RowFault] = []

    /// - Parameter offset: how many rows were passed over.
    package init(_ format: RowFormat, offset: Int) {
        separator = format.separator
        needsHeader = separator != nil && offset == 0
    }

    /// The bytes that a batch's answer becomes.
    ///
    /// - Throws: `not_acceptable` where its columns are others than before; `invalid_input` where all rows of a long text
    ///   are wrong.
    package mutating func add(_ rows: EncodedRows) throws(SluiceError) -> [UInt8] {
        var text: [UInt8] = []
        for part in rows.parts {
            switch part {
            case .lines(let lines, _, _) where separator == nil: text.append(contentsOf: lines)
            case .lines(let lines, let header, let width):
                if let known = self.header {
                    guard known == header else { throw otherColumns(header, known) }
                } else {
                    (self.header, self.width) = (header, width)
                    if needsHeader { text.append(contentsOf: header) }
                    takeLeading(into: &text)
                }
                if text.isEmpty { text = lines } else { text.append(contentsOf: lines) }
            case .faults(let faults) where header == nil:
                leading += faults
                guard leading.count <= Self.mostLeadingFaults else {
                    throw SluiceError(
                        .invalidInput,
                        "the first \(Self.mostLeadingFaults) rows are all wrong; \(leading[0].error.message)",
                        detail: leading[0].error.detail)
                }
            case .faults(let faults):
                for fault in faults { append(fault, to: &text) }
            }
        }
        return text
    }

    /// What is still held back at the end.
    ///
    /// - Parameter names: the columns that an answer would have had, as far as the model says.
    package mutating func finish(columns names: [String]) -> [UInt8] {
        guard let separator, header == nil, !leading.isEmpty else { return [] }
        var text: [UInt8] = []
        width = names.count
        if needsHeader {
            for name in names {
                text.appendCSVCell(Array(name.utf8), isAlone: false, separator: separator)
                text.append(separator)
            }
            text.append(contentsOf: "error\r\n".utf8)
        }
        takeLeading(into: &text)
        return text
    }

    private mutating func takeLeading(into text: inout [UInt8]) {
        for fault in leading { append(fault, to: &text) }
        leading = []
    }

    private func append(_ fault: RowFault, to text: inout [UInt8]) {
        if let separator { RowEncoder.append(fault, separator, width: width, to: &text) }
    }

    private func otherColumns(_ header: [UInt8], _ known: [UInt8]) -> SluiceError {
        let texts = [known, header].map { String(decoding: $0.dropLast(2).prefix(200), as: UTF8.self) }
        return SluiceError(
            .notAcceptable,
            "the answer's columns were \(texts[0]), and are \(texts[1]) from here on; ask for application/x-ndjson")
    }

    // MARK: The last line

    /// The last line of an answer that has it all; CSV needs none.
    package static func end(_ format: RowFormat, rows: Int, failed: Int) -> [UInt8] {
        guard format == .lines else { return [] }
        var json = JSONWriter()
        json.beginObject()
        json.key(plain: "end")
        json.string("complete")
        json.key(plain: "rows")
        json.number(rows)
        json.key(plain: "failed")
        json.number(failed)
        json.endObject()
        json.endLine()
        return json.bytes
    }

    /// The last line of an answer that ends before the text does.
    ///
    /// - Parameter offset: how many rows are answered: where to go on.
    package static func end(
        _ format: RowFormat, failure: SluiceError, rows: Int, failed: Int, offset: Int, requestID: String
    ) -> [UInt8] {
        if let separator = format.separator {
            var text: [UInt8] = []
            let cell = "#error \(failure.code.text): \(failure.message); go on with offset=\(offset)"
            text.appendCSVCell(Array(cell.utf8), isAlone: true, separator: separator)
            return text + CSVCodec.lineEnd
        }
        var json = JSONWriter()
        json.beginObject()
        json.key(plain: "end")
        json.string("failed")
        json.key(plain: "error")
        json.string(failure.message)
        json.key(plain: "code")
        json.string(failure.code.text)
        json.key(plain: "rows")
        json.number(rows)
        json.key(plain: "failed")
        json.number(failed)
        json.key(plain: "offset")
        json.number(offset)
        json.key(plain: "request_id")
        json.string(requestID)
        json.endObject()
        json.endLine()
        return json.bytes
    }
}

extension ModelSignature {
    /// The columns that CSV answers have, as far as the model declares them.
    package var answerColumns: [String] {
        outputs.flatMap { spec -> [String] in
            guard spec.columns.isEmpty else { return spec.columns }
            guard let inner = spec.shape?.dropFirst(), let width = Shape.elementCount(Array(inner)), width <= 65_536
            else { return [spec.name] }
            return inner.isEmpty ? [spec.name] : (0..<width).map { "\(spec.name)_\($0)" }
        }
    }
}
