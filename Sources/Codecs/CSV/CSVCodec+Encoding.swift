package import Tensors

extension CSVCodec {
    /// Writes outputs that share their first axis: a header, then one line for each of its places.
    ///
    /// An output of one value a row is one column of its name; wider ones are `NAME_0`, `NAME_1`, …, or go by the columns
    /// that `specs` declare. NaN and infinities are `nan`, `inf`, `-inf`, as pandas reads them.
    ///
    /// - Parameter format: `csv`, or `tsv` for tabs between cells.
    /// - Throws: `not_acceptable` where the outputs are no one table, or an element is no text.
    package static func encode(
        _ tensors: [Tensor], specs: [TensorSpec], as format: AnswerFormat = .csv
    ) throws(SluiceError) -> EncodedBody {
        let rows = try commonRows(tensors, format)
        let separator = format == .tsv ? UInt8(ascii: "\t") : UInt8(ascii: ",")
        let columns = tensors.map { CSVColumns($0, separator: separator) }.filter { $0.width > 0 }
        guard !columns.isEmpty else {
            throw SluiceError(
                .notAcceptable, "the outputs have no columns to write as \(format.mediaType); ask for application/json")
        }
        var text: [UInt8] = []
        text.reserveCapacity(64 + columns.reduce(0) { $0 + $1.width } * (rows * 12 + 16))

        var isFirst = true
        for column in columns {
            for name in column.names(spec: specs.first { $0.name == column.reader.tensor.name }) {
                if !isFirst { text.append(separator) }
                isFirst = false
                text.appendCSVCell(Array(name.utf8), isAlone: false, separator: separator)
            }
        }
        text.append(contentsOf: lineEnd)

        let isOneColumn = columns.count == 1 && columns[0].width == 1
        for row in 0..<rows {
            for (index, column) in columns.enumerated() {
                if index > 0 { text.append(separator) }
                try column.append(row: row, isAlone: isOneColumn, to: &text)
            }
            text.append(contentsOf: lineEnd)
        }
        return EncodedBody(mediaType: format.mediaType, segments: [.bytes(text)])
    }

    static let lineEnd: [UInt8] = [0x0D, 0x0A]

    /// How many rows the table has: scalars alone are one.
    private static func commonRows(_ tensors: [Tensor], _ format: AnswerFormat) throws(SluiceError) -> Int {
        guard let first = tensors.first else {
            throw SluiceError(
                .notAcceptable, "there are no outputs to write as \(format.mediaType); ask for application/json")
        }
        let rows = first.shape.first
        guard let other = tensors.first(where: { $0.shape.first != rows }) else { return rows ?? 1 }
        throw SluiceError(
            .notAcceptable,
            """
            \(format.mediaType) needs outputs with one common first dimension, but "\(first.name)" is \
            \(Shape.text(first.shape)) and "\(other.name)" is \(Shape.text(other.shape)); ask for application/json, \
            or for one of them with ?outputs=NAME
            """,
            detail: [.init("outputs", tensors.map(\.name))])
    }
}

/// One output as columns of a CSV table.
struct CSVColumns {
    let reader: ElementReader
    /// Values a row.
    let width: Int
    /// Whether numbers need no second look.
    private let isPlainNumbers: Bool
    private let hasNonFinite: Bool
    private let separator: UInt8

    init(_ tensor: Tensor, separator: UInt8 = UInt8(ascii: ",")) {
        self.separator = separator
        reader = ElementReader(tensor)
        width = tensor.shape.dropFirst().reduce(1) { $0 &* $1 }
        hasNonFinite = reader.firstNonFinite != nil
        isPlainNumbers = tensor.dataType != .bool && tensor.dataType != .bytes && !hasNonFinite
    }

    func names(spec: TensorSpec?) -> [String] {
        let name = reader.tensor.name
        if let spec, spec.columns.count == width { return spec.columns }
        return reader.tensor.shape.count < 2 ? [name] : (0..<width).map { "\(name)_\($0)" }
    }

    func append(row: Int, isAlone: Bool, to text: inout [UInt8]) throws(SluiceError) {
        let range = (row * width)..<((row + 1) * width)
        if isPlainNumbers {
            reader.appendNumbers(range, separator: separator, to: &text)
            return
        }
        for index in range {
            if index > range.lowerBound { text.append(separator) }
            let start = text.count
            switch reader.append(index, to: &text) {
            case .bool: break
            case .number: if hasNonFinite { text.lowercaseNonFinite(from: start) }
            case .text:
                let cell = Array(text[start...])
                text.removeSubrange(start...)
                text.appendCSVCell(cell, isAlone: isAlone, separator: separator)
            case .base64:
                throw SluiceError(
                    .notAcceptable,
                    """
                    output "\(reader.tensor.name)", row \(row + 1): the bytes are not UTF-8, which tables of text can't carry; \
                    ask for application/json, application/xml or application/x-npy
                    """,
                    detail: [.init("output", reader.tensor.name), .init("row", row + 1)])
            }
        }
    }
}

extension [UInt8] {
    /// Appends a cell, in quotes where RFC 4180 asks for them or spaces at the ends would get lost.
    ///
    /// - Parameter isAlone: the only cell of its line, which would be no line at all if it were empty.
    mutating func appendCSVCell(_ cell: [UInt8], isAlone: Bool, separator: UInt8 = UInt8(ascii: ",")) {
        let isSpecial = cell.contains {
            $0 == separator || $0 == UInt8(ascii: "\"") || $0 == 0x0D || $0 == 0x0A
        }
        let hasOuterSpace = cell.first == 0x20 || cell.last == 0x20
        guard isSpecial || hasOuterSpace || (cell.isEmpty && isAlone) else {
            append(contentsOf: cell)
            return
        }
        append(UInt8(ascii: "\""))
        for byte in cell {
            if byte == UInt8(ascii: "\"") { append(byte) }
            append(byte)
        }
        append(UInt8(ascii: "\""))
    }

    /// Turns `NaN`, `Infinity` and `-Infinity` at the end into `nan`, `inf` and `-inf`.
    fileprivate mutating func lowercaseNonFinite(from start: Int) {
        let replacement: StaticString? =
            switch (self[start], last) {
            case (UInt8(ascii: "N"), _): "nan"
            case (UInt8(ascii: "-"), UInt8(ascii: "y")): "-inf"
            case (_, UInt8(ascii: "y")): "inf"
            default: nil
            }
        guard let replacement else { return }
        removeSubrange(start...)
        replacement.withUTF8Buffer { append(contentsOf: $0) }
    }
}
