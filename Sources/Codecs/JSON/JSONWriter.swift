package import Tensors

/// Writes JSON into a growing array of bytes, compactly; puts commas where they belong.
///
/// The caller opens and closes containers in order and gives each value of an object its key.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    /// Whether the next key or element needs no comma before it.
    private var isFirst = true

    package init(reserving capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    package mutating func beginObject() { begin("{") }
    package mutating func endObject() { end("}") }
    package mutating func beginArray() { begin("[") }
    package mutating func endArray() { end("]") }

    /// Ends the line that a document stands on; another one may follow.
    package mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
        isFirst = true
    }

    /// Writes the key of the next value.
    package mutating func key(_ key: String) {
        separate()
        appendQuoted(key)
        bytes.append(UInt8(ascii: ":"))
        isFirst = true
    }

    /// Writes the key of the next value, which the program itself holds and in which nothing needs an escape.
    package mutating func key(plain key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        isFirst = true
    }

    /// Writes some of the document as it is: what the program itself holds and what is right where it stands.
    ///
    /// - Parameter opens: whether the next key or element needs no comma before it.
    mutating func literal(_ text: StaticString, opens: Bool) {
        // A literal's bytes are there for as long as the program is.
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        isFirst = opens
    }

    package mutating func string(_ value: String) {
        separate()
        appendQuoted(value)
    }

    /// Writes UTF-8 as a string.
    package mutating func string(utf8: UnsafeRawBufferPointer) {
        separate()
        appendQuoted(utf8)
    }

    package mutating func number(_ value: Int) {
        separate()
        bytes.appendNumber(value)
    }

    package mutating func number(_ value: UInt64) {
        separate()
        bytes.appendNumber(value)
    }

    /// Writes a number as its shortest text; NaN and infinities, which JSON doesn't have, as `null`.
    package mutating func number(_ value: Double) {
        separate()
        if value.isFinite { bytes.appendNumber(value) } else { bytes.append(contentsOf: "null".utf8) }
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes an array of strings.
    package mutating func strings(_ values: [String]) {
        beginArray()
        for value in values { string(value) }
        endArray()
    }

    /// Writes an array of integers.
    package mutating func numbers(_ values: [Int]) {
        beginArray()
        for value in values { number(value) }
        endArray()
    }

    /// Writes text that is one JSON value already, or a list of them for an array.
    package mutating func raw(_ append: (inout [UInt8]) -> Void) {
        separate()
        append(&bytes)
    }

    /// Writes a parameter's value.
    package mutating func value(_ value: Envelope.Parameter.Value) {
        switch value {
        case .bool(let value): bool(value)
        case .integer(let value): raw { $0.appendNumber(value) }
        case .unsigned(let value): number(value)
        case .double(let value): number(value)
        case .string(let value): string(value)
        }
    }

    /// Writes parameters as an object.
    package mutating func parameters(_ parameters: [Envelope.Parameter]) {
        beginObject()
        for parameter in parameters {
            key(parameter.key)
            value(parameter.value)
        }
        endObject()
    }

    private mutating func begin(_ bracket: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: bracket))
        isFirst = true
    }

    private mutating func end(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        isFirst = false
    }

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    private mutating func appendQuoted(_ text: String) {
        var text = text
        text.withUTF8 { appendQuoted(UnsafeRawBufferPointer($0)) }
    }

    /// Appends UTF-8 between quotes; escapes what RFC 8259, section 7 asks for and nothing else.
    private mutating func appendQuoted(_ utf8: UnsafeRawBufferPointer) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        for (index, byte) in utf8.enumerated() {
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: utf8[start..<index]))
            appendEscape(byte)
            start = index + 1
        }
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: utf8[start...]))
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        default:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        }
    }
}
