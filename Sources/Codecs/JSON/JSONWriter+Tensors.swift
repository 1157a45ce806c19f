internal import Tensors

extension JSONWriter {
    /// Writes a tensor as arrays nested by its shape, or as a bare scalar where it has no dimensions.
    ///
    /// BYTES that aren't UTF-8 become `{"b64": "..."}`. All numbers must be finite.
    mutating func elements(of tensor: Tensor) {
        let reader = ElementReader(tensor)
        var next = 0
        nested(reader, axis: 0, &next)
    }

    /// Writes one place along a tensor's first axis, as arrays nested by the other axes.
    mutating func elements(of reader: ElementReader, row: Int) {
        var next = row * reader.tensor.shape.dropFirst().reduce(1) { $0 &* $1 }
        nested(reader, axis: 1, &next)
    }

    /// Writes all elements of a tensor as one flat array.
    mutating func flatElements(of tensor: Tensor) {
        beginArray()
        elements(ElementReader(tensor), 0..<tensor.elementCount)
        endArray()
    }

    private mutating func nested(_ reader: ElementReader, axis: Int, _ next: inout Int) {
        let shape = reader.tensor.shape
        guard axis < shape.count else {
            elements(reader, next..<(next + 1))
            next += 1
            return
        }
        beginArray()
        if axis == shape.count - 1 {
            elements(reader, next..<(next + shape[axis]))
            next += shape[axis]
        } else if shape[axis...].contains(0) {
            // No elements: one level of brackets says so, however many empty arrays the shape asks for.
        } else {
            for _ in 0..<shape[axis] { nested(reader, axis: axis + 1, &next) }
        }
        endArray()
    }

    private mutating func elements(_ reader: ElementReader, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        switch reader.tensor.dataType {
        case .bool:
            reader.tensor.withBytes { bytes in
                for index in range { bool(bytes[index] != 0) }
            }
        case .bytes:
            for index in range { element(reader, index) }
        default:
            raw { reader.appendNumbers(range, separator: UInt8(ascii: ","), to: &$0) }
        }
    }

    private mutating func element(_ reader: ElementReader, _ index: Int) {
        reader.tensor.withElement(index) { bytes in
            if UTF8Check.isValid(bytes) { return string(utf8: bytes) }
            beginObject()
            key("b64")
            raw { text in
                text.append(UInt8(ascii: "\""))
                Base64.append(bytes, to: &text)
                text.append(UInt8(ascii: "\""))
            }
            endObject()
        }
    }
}
