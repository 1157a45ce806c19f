internal import Tensors

/// Writes XML 1.0 in UTF-8.
struct XMLWriter {
    private(set) var bytes: [UInt8] = []

    mutating func openRoot(_ name: String, attributes: [(name: String, value: String)]) {
        bytes.append(contentsOf: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
        open(name, attributes: attributes)
        bytes.append(UInt8(ascii: "\n"))
    }

    mutating func closeRoot(_ name: String) {
        close(name)
        bytes.append(UInt8(ascii: "\n"))
    }

    mutating func open(_ name: String, attributes: [(name: String, value: String)] = []) {
        bytes.append(UInt8(ascii: "<"))
        bytes.append(contentsOf: name.utf8)
        for attribute in attributes {
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: attribute.name.utf8)
            bytes.append(contentsOf: "=\"".utf8)
            append(text: attribute.value)
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: ">"))
    }

    mutating func close(_ name: String) {
        bytes.append(contentsOf: "</".utf8)
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: ">"))
    }

    /// Text or an attribute's value; characters that XML can't carry become U+FFFD.
    mutating func append(text: String) {
        for byte in text.utf8 {
            if byte < 0x20, !XMLText.isSpace(byte) {
                bytes.append(contentsOf: "\u{FFFD}".utf8)
            } else {
                appendEscaped(byte)
            }
        }
    }

    /// Tensors that share their first axis as rows; otherwise each as an element of its own.
    ///
    /// - Parameter specs: whose declared columns name the cells; a wide tensor's row is one cell of `<v>` without them.
    mutating func append(_ tensors: [Tensor], specs: [TensorSpec] = [], tensorElement: String) {
        if let rows = tensors.first?.shape.first, tensors.allSatisfy({ $0.shape.first == rows && $0.elementCount > 0 })
        {
            appendRows(tensors, specs: specs, count: rows)
        } else {
            for tensor in tensors { append(tensor, element: tensorElement) }
        }
    }

    private mutating func appendRows(_ tensors: [Tensor], specs: [TensorSpec], count: Int) {
        let columns = tensors.map { tensor in
            let width = tensor.elementCount / count
            let names = specs.first { $0.name == tensor.name }?.columns ?? []
            return (reader: ElementReader(tensor), width: width, names: names.count == width ? names : nil)
        }
        for row in 0..<count {
            open("row")
            for (reader, width, names) in columns {
                let range = (row * width)..<((row + 1) * width)
                if let names {
                    for (index, name) in zip(range, names) { append(index, of: reader, element: Self.cell(name)) }
                } else if reader.tensor.shape.count < 2 {
                    append(row, of: reader, element: Self.cell(reader.tensor.name))
                } else {
                    let cell = Self.cell(reader.tensor.name)
                    open(cell.name, attributes: cell.attributes)
                    for index in range { append(index, of: reader, element: ("v", [])) }
                    close(cell.name)
                }
            }
            close("row")
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    private typealias Element = (name: String, attributes: [(name: String, value: String)])

    /// The element of a column; a name that no element can have becomes an attribute, as requests may do too.
    private static func cell(_ name: String) -> Element {
        XMLText.isName(name) ? (name, []) : ("column", [("name", name)])
    }

    private mutating func append(_ tensor: Tensor, element: String) {
        let shape = tensor.shape.map(String.init).joined(separator: ",")
        open(element, attributes: [("name", tensor.name), ("shape", shape), ("datatype", tensor.dataType.name)])
        let reader = ElementReader(tensor)
        for index in 0..<tensor.elementCount {
            if tensor.dataType == .bytes {
                append(index, of: reader, element: ("v", []))
            } else {
                if index > 0 { bytes.append(UInt8(ascii: " ")) }
                _ = reader.append(index, to: &bytes)
            }
        }
        close(element)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// One value in an element; bytes that aren't XML text are in base64, and an attribute says so.
    private mutating func append(_ index: Int, of reader: ElementReader, element: Element) {
        guard reader.tensor.dataType == .bytes else {
            open(element.name, attributes: element.attributes)
            _ = reader.append(index, to: &bytes)
            close(element.name)
            return
        }
        reader.tensor.withElement(index) { value in
            if XMLText.canCarry(value) {
                open(element.name, attributes: element.attributes)
                for byte in value { appendEscaped(byte) }
            } else {
                open(element.name, attributes: element.attributes + [("encoding", "base64")])
                Base64.append(value, to: &bytes)
            }
        }
        close(element.name)
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "&"): bytes.append(contentsOf: "&amp;".utf8)
        case UInt8(ascii: "<"): bytes.append(contentsOf: "&lt;".utf8)
        case UInt8(ascii: ">"): bytes.append(contentsOf: "&gt;".utf8)
        case UInt8(ascii: "\""): bytes.append(contentsOf: "&quot;".utf8)
        // A parser would turn these into a line feed or a space.
        case 0x0D: bytes.append(contentsOf: "&#13;".utf8)
        case 0x0A: bytes.append(contentsOf: "&#10;".utf8)
        case 0x09: bytes.append(contentsOf: "&#9;".utf8)
        default: bytes.append(byte)
        }
    }
}
