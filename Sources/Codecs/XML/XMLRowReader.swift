internal import Tensors

/// Collects the cells of one row element after the other, and fills the inputs with them.
struct XMLRowReader {
    private struct Cell {
        var name: String
        /// Where its text lies in `text`.
        var range: Range<Int>
        var isBase64: Bool
    }

    private let signature: ModelSignature
    private var table: TableBuilder?
    /// The columns' numbers by name, once the first row has told them.
    private var columns: [String: Int] = [:]
    /// For each column the row that last had it, and its cell there. Never cleared: a short row costs what it has.
    private var latest: [(row: Int, cell: Int)] = []

    /// The present row: its cells, their text, and where it began.
    private var cells: [Cell] = []
    private var bytes: [UInt8] = []
    private var rowName = ""
    private var rowLine = 1
    /// Text that stands in the row itself, outside its cells.
    private var hasStrayText = false

    /// The present cell, from `openCell` to `closeCell`.
    private var cellName: String?
    private var cellStart = 0
    private var isBase64 = false
    /// How many `<v>` the present cell has had.
    private var valueCount = 0
    private var isInValue = false

    init(_ signature: ModelSignature) {
        self.signature = signature
    }

    /// Whether the present row has attributes or elements.
    var hasCells: Bool { !cells.isEmpty }

    mutating func openRow(name: String, attributes: [XMLRequestReader.Attribute], at place: XMLPlace) {
        cells.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        hasStrayText = false
        rowName = name
        rowLine = place.line
        for attribute in attributes {
            let start = bytes.count
            bytes.append(contentsOf: attribute.value.utf8)
            cells.append(Cell(name: attribute.name, range: start..<bytes.count, isBase64: false))
        }
    }

    mutating func openCell(
        name: String, attributes: [XMLRequestReader.Attribute], at place: XMLPlace
    ) throws(SluiceError) {
        if hasStrayText { throw strayText(place) }
        if cells.isEmpty { bytes.removeAll(keepingCapacity: true) }
        let named = name == "column" ? attributes.first { $0.name == "name" }?.value : nil
        cellName = named ?? name
        cellStart = bytes.count
        valueCount = 0
        isBase64 = try Self.isBase64(attributes, at: place)
    }

    mutating func openValue(_ attributes: [XMLRequestReader.Attribute], at place: XMLPlace) throws(SluiceError) {
        if valueCount == 0 {
            guard XMLText.isBlank(bytes[cellStart...]) else { throw place.malformed("text beside <v>") }
        }
        bytes.removeSubrange(cellStart...)
        isBase64 = try Self.isBase64(attributes, at: place)
        isInValue = true
    }

    mutating func closeValue(at place: XMLPlace) throws(SluiceError) {
        isInValue = false
        try add(name: "\(cellName ?? "")_\(valueCount)", at: place)
        valueCount += 1
        cellStart = bytes.count
    }

    mutating func closeCell(at place: XMLPlace) throws(SluiceError) {
        if valueCount == 0 { try add(name: cellName ?? "", at: place) }
        bytes.removeSubrange((cells.last?.range.upperBound ?? 0)...)
        cellName = nil
    }

    mutating func text(_ text: UnsafeBufferPointer<UInt8>, at place: XMLPlace) throws(SluiceError) {
        if cellName == nil, !cells.isEmpty {
            guard XMLText.isBlank(text) else { throw strayText(place) }
            return
        }
        if cellName != nil, valueCount > 0, !isInValue {
            guard XMLText.isBlank(text) else { throw place.malformed("text beside <v>") }
            return
        }
        if cellName == nil, !XMLText.isBlank(text) { hasStrayText = true }
        bytes.append(contentsOf: text)
        let start = cellName == nil ? 0 : cellStart
        guard bytes.count - start <= XMLPrescan.maximumValueBytes else {
            throw place.malformed("a cell has more than \(XMLPrescan.maximumValueBytes) bytes")
        }
    }

    /// Turns the present row, which has nothing but text, into the first cell of a row.
    mutating func makeCellOfRow() {
        hasStrayText = false
        cells = [Cell(name: rowName, range: 0..<bytes.count, isBase64: false)]
    }

    /// - Throws: `malformed_body` or `invalid_input`, with row and line.
    mutating func closeRow(at place: XMLPlace) throws(SluiceError) {
        if hasStrayText { throw strayText(place) }
        if table == nil { table = try begin() }
        table?.beginRow()
        guard let table else { return }
        try placeCells(in: table)
        for (index, target) in table.mapping.targets.enumerated() {
            for column in target.sources {
                guard latest[column].row == table.rows else {
                    let place = table.place(target: index, column: column, line: rowLine)
                    throw SluiceError(.invalidInput, "\(place): it is missing", detail: place.detail)
                }
                try append(cells[latest[column].cell], to: table, target: index, column: column)
            }
        }
    }

    /// - Throws: `malformed_body` where there were no rows, `invalid_input` where the model doesn't take so many.
    mutating func finish() throws(SluiceError) -> [Tensor] {
        guard let table else { throw SluiceError(.malformedBody, "the XML has no rows") }
        return try table.finish()
    }

    private mutating func add(name: String, at place: XMLPlace) throws(SluiceError) {
        guard cells.count < RowLayout.maximumColumns else {
            throw place.malformed("the row has more than \(RowLayout.maximumColumns) columns")
        }
        cells.append(Cell(name: name, range: cellStart..<bytes.count, isBase64: isBase64))
    }

    /// The table, with the first row's cells as its columns.
    private mutating func begin() throws(SluiceError) -> TableBuilder {
        let mapping = try ColumnMapping(names: cells.map(\.name), signature: signature)
        for (index, name) in (mapping.names ?? []).enumerated() where columns[name] == nil { columns[name] = index }
        latest = Array(repeating: (0, 0), count: mapping.columnCount)
        return TableBuilder(mapping)
    }

    /// Notes in `latest` where the present row has its columns.
    private mutating func placeCells(in table: TableBuilder) throws(SluiceError) {
        let mapping = table.mapping
        if mapping.isByPosition {
            guard cells.count == mapping.columnCount else {
                throw SluiceError(
                    .malformedBody,
                    "row \(table.rows) (line \(rowLine)) has \(cells.count) \(cells.count == 1 ? "cell" : "cells"), "
                        + "but the first row has \(mapping.columnCount)",
                    detail: [.init("row", table.rows), .init("line", rowLine)])
            }
            for index in cells.indices { latest[index] = (table.rows, index) }
            return
        }
        for (index, cell) in cells.enumerated() {
            // Rows are nearly always alike: the same names in the same order.
            let isInPlace = index < mapping.columnCount && mapping.names?[index] == cell.name
            guard let column = isInPlace ? index : columns[cell.name] else { continue }
            guard latest[column].row != table.rows else {
                throw SluiceError(
                    .malformedBody,
                    "row \(table.rows) (line \(rowLine)): column \(Quote.text(cell.name)) stands twice",
                    detail: [.init("row", table.rows), .init("line", rowLine), .init("column", cell.name)])
            }
            latest[column] = (table.rows, index)
        }
    }

    private func append(_ cell: Cell, to table: TableBuilder, target: Int, column: Int) throws(SluiceError) {
        try bytes.withUnsafeBufferPointer { (all) throws(SluiceError) in
            let text = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(all)[cell.range])
            guard cell.isBase64 else {
                return try table.append(text, target: target, column: column, line: rowLine)
            }
            guard table.mapping.targets[target].isText, let decoded = XMLBase64.decode(text) else {
                let place = table.place(target: target, column: column, line: rowLine)
                throw SluiceError(.invalidInput, "\(place): \(XMLBase64.rule)", detail: place.detail)
            }
            try decoded.withUnsafeBufferPointer { (decoded) throws(SluiceError) in
                try table.append(UnsafeRawBufferPointer(decoded), target: target, column: column, line: rowLine)
            }
        }
    }

    static func isBase64(_ attributes: [XMLRequestReader.Attribute], at place: XMLPlace) throws(SluiceError) -> Bool {
        guard let encoding = attributes.first(where: { $0.name == "encoding" })?.value else { return false }
        guard encoding == "base64" else {
            throw place.malformed("encoding=\(Quote.text(encoding)); it can only be \"base64\"")
        }
        return true
    }

    private func strayText(_ place: XMLPlace) -> SluiceError {
        place.malformed("text in a row, outside its cells")
    }
}

/// Bytes that XML text can't carry, in base64.
enum XMLBase64 {
    static let rule = "encoding=\"base64\" is for BYTES, and the text must be base64 (RFC 4648, section 4)"

    /// The bytes; spaces and line breaks are skipped. `nil` for what is no base64.
    static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        let letters = text.filter { !XMLText.isSpace($0) }
        var isValid = false
        let bytes = [UInt8](unsafeUninitializedCapacity: Base64.decodedLimit(letters.count)) { buffer, count in
            guard let start = buffer.baseAddress else {
                isValid = letters.isEmpty
                return
            }
            guard let written = letters.withUnsafeBytes({ Base64.decode($0, into: start) }) else { return }
            isValid = true
            count = written
        }
        return isValid ? bytes : nil
    }
}
