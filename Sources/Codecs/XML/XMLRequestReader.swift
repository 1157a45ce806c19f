internal import Tensors

/// Turns the elements of a request document into the model's inputs, one after the other.
///
/// The root's children are rows, `<input>` tensors, or the cells of one row; see `docs/formats.md`.
struct XMLRequestReader {
    struct Attribute: Sendable, Equatable {
        var name: String
        var value: String
    }

    /// What the root's children are; the first one tells.
    private enum Mode {
        case undecided
        case rows
        case oneRow
        case tensors
    }

    private let signature: ModelSignature
    private var mode = Mode.undecided
    /// How many elements are open.
    private var depth = 0
    private var rows: XMLRowReader
    private var tensors: XMLTensorReader
    private var rootAttributes: [Attribute] = []
    /// Where the parser is; set before each step.
    var place = XMLPlace(line: 1, column: 1)

    init(_ signature: ModelSignature) {
        self.signature = signature
        rows = XMLRowReader(signature)
        tensors = XMLTensorReader(signature)
    }

    /// - Throws: `malformed_body` or `invalid_input`.
    mutating func open(name: String, attributes: [Attribute]) throws(SluiceError) {
        depth += 1
        switch (depth, mode) {
        case (1, _): rootAttributes = attributes
        case (2, .undecided) where name == "input" && attributes.contains { $0.name == "name" }:
            mode = .tensors
            try tensors.openInput(attributes, at: place)
        case (2, .tensors):
            guard name == "input" else {
                throw place.malformed("<\(Quote.shortened(name))> stands among <input> elements")
            }
            try tensors.openInput(attributes, at: place)
        case (2, .oneRow) where !attributes.isEmpty: throw notACell
        case (2, .oneRow): try rows.openCell(name: name, attributes: [], at: place)
        case (2, _): rows.openRow(name: name, attributes: attributes, at: place)
        case (3, .tensors) where name == "v": try tensors.openValue(attributes, at: place)
        case (3, .oneRow): throw notACell
        case (3, .rows), (3, .undecided): try rows.openCell(name: name, attributes: attributes, at: place)
        case (4, .rows) where name == "v", (4, .undecided) where name == "v":
            try rows.openValue(attributes, at: place)
        default:
            throw place.malformed("<\(Quote.shortened(name))> may not stand here: elements nest as rows, cells and <v>")
        }
    }

    /// - Throws: `malformed_body` or `invalid_input`.
    mutating func close() throws(SluiceError) {
        defer { depth -= 1 }
        switch (depth, mode) {
        case (2, .tensors): try tensors.closeInput(at: place)
        case (2, .oneRow): try rows.closeCell(at: place)
        case (2, .undecided) where !rows.hasCells:
            rows.makeCellOfRow()
            mode = .oneRow
        case (2, _):
            mode = .rows
            try rows.closeRow(at: place)
        case (3, .tensors): try tensors.closeValue(at: place)
        case (3, _): try rows.closeCell(at: place)
        case (4, _): try rows.closeValue(at: place)
        default: break
        }
    }

    /// - Throws: `malformed_body` for text where only elements may stand, or too much of it.
    mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) throws(SluiceError) {
        switch (depth, mode) {
        case (0, _): break
        case (1, _): if !XMLText.isBlank(bytes) { throw place.malformed("text outside the rows") }
        case (_, .tensors): tensors.text(bytes)
        default: try rows.text(bytes, at: place)
        }
    }

    /// The inputs.
    ///
    /// - Throws: `malformed_body` where there were none, `invalid_input` where the rows don't fit.
    mutating func finish() throws(SluiceError) -> [Tensor] {
        switch mode {
        case .tensors: return tensors.finished
        case .rows: break
        case .oneRow: try rows.closeRow(at: place)
        case .undecided:
            guard !rootAttributes.isEmpty else {
                throw SluiceError(.malformedBody, "the XML has no rows: the root element has no elements in it")
            }
            rows.openRow(name: "", attributes: rootAttributes, at: place)
            try rows.closeRow(at: place)
        }
        return try rows.finish()
    }

    private var notACell: SluiceError {
        place.malformed("an element with elements or attributes stands among the cells of one row")
    }
}
