package import Tensors

/// Where in the client's data an element stands, as errors name it.
package struct ElementPlace: Sendable, Equatable {
    /// The model's input.
    package var input: String
    /// Counts from 1, without any heading.
    package var row: Int?
    /// The column's name, or its number, which counts from 1.
    package var column: String?
    /// Counts from 1 within the row, or within the input where there is no row.
    package var element: Int?
    /// The line of the document, where it has lines; counts from 1.
    package var line: Int?
    /// The offset in the document; counts from 0.
    package var byte: Int?

    package init(
        input: String, row: Int? = nil, column: String? = nil, element: Int? = nil, line: Int? = nil, byte: Int? = nil
    ) {
        self.input = input
        self.row = row
        self.column = column
        self.element = element
        self.line = line
        self.byte = byte
    }

    /// The place as particulars of an error.
    package var detail: [SluiceError.Detail] {
        var detail: [SluiceError.Detail] = [.init("input", input)]
        if let row { detail.append(.init("row", row)) }
        if let column { detail.append(.init("column", column)) }
        if let element { detail.append(.init("element", element)) }
        if let line { detail.append(.init("line", line)) }
        if let byte { detail.append(.init("byte", byte)) }
        return detail
    }
}

extension ElementPlace: CustomStringConvertible {
    /// The place as the start of a sentence, e.g. `input "X", row 3, column "petal_width" (line 5)`.
    package var description: String {
        var text = "input \"\(input)\""
        if let row { text += ", row \(row)" }
        if let column { text += Int(column) == nil ? ", column \"\(column)\"" : ", column \(column)" }
        if let element { text += ", element \(element)" }
        if let line { text += " (line \(line))" }
        return text
    }
}
