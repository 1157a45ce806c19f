internal import Tensors

/// A look at the tags of an XML document before libxml2 gets it.
///
/// It refuses what a hostile document would make libxml2 slow with: it compares every attribute of an element with
/// every other. It also finds document types and encodings that aren't read, wherever they hide.
struct XMLPrescan {
    /// The most attributes that one element may have.
    static let maximumAttributes = 256
    /// The most bytes that an attribute or a cell may have.
    static let maximumValueBytes = 1 << 20

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// - Throws: `malformed_body`, with the line.
    static func check(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        var scan = XMLPrescan(bytes: bytes)
        try scan.run()
    }

    private init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    private mutating func run() throws(SluiceError) {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) || bytes.prefix(4).contains(0) {
            throw SluiceError(.malformedBody, "the XML is UTF-16; send it in UTF-8")
        }
        while let tag = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
            position = tag + 1
            if has("!--") {
                skip(past: "-->")
            } else if has("![CDATA[") {
                skip(past: "]]>")
            } else if has("?") {
                let start = position
                skip(past: "?>")
                try checkEncoding(start..<position)
            } else if has("!") {
                throw fault("a document type; DOCTYPE and entities are not read here")
            } else {
                try checkTag()
            }
        }
    }

    /// Counts attributes by their quotes; what isn't well-formed is libxml2's to refuse.
    private mutating func checkTag() throws(SluiceError) {
        var attributes = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: ">"): return
            case UInt8(ascii: "<"):
                position -= 1
                return
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                attributes += 1
                let end = bytes[position...].firstIndex(of: byte) ?? bytes.count
                guard attributes <= Self.maximumAttributes else {
                    throw fault("an element has more than \(Self.maximumAttributes) attributes")
                }
                guard end - position <= Self.maximumValueBytes else {
                    throw fault("an attribute has more than \(Self.maximumValueBytes) bytes")
                }
                position = min(end + 1, bytes.count)
            default: break
            }
        }
    }

    /// Looks at the XML declaration's `encoding`.
    private func checkEncoding(_ range: Range<Int>) throws(SluiceError) {
        let text = String(decoding: bytes[range].prefix(256), as: UTF8.self)
        guard text.hasPrefix("?xml"), let name = text.firstRange(of: "encoding") else { return }
        let value = text[name.upperBound...].drop { $0 == " " || $0 == "=" || $0 == "\"" || $0 == "'" }
        let encoding = value.prefix { $0 != "\"" && $0 != "'" && $0 != "?" }
        guard ["utf-8", "utf8", "us-ascii", "ascii"].contains(encoding.lowercased()) else {
            throw fault("the encoding \(Quote.text(encoding)) is not read here; send UTF-8")
        }
    }

    private func has(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    private mutating func skip(past end: StaticString) {
        end.withUTF8Buffer { end in
            while position < bytes.count {
                guard let next = bytes[position...].firstIndex(of: end[0]) else { break }
                position = next
                if bytes[position...].starts(with: end) {
                    position += end.count
                    return
                }
                position += 1
            }
            position = bytes.count
        }
    }

    private func fault(_ what: String) -> SluiceError {
        let line = bytes[..<min(position, bytes.count)].count { $0 == UInt8(ascii: "\n") } + 1
        return SluiceError(.malformedBody, "XML line \(line): \(what)", detail: [.init("line", line)])
    }
}
