internal import Glibc
internal import Tensors

/// Splits a `multipart/form-data` body into its parts (RFC 7578), without copying them.
///
/// The body must be just as the RFC has it: lines end in CRLF, nothing stands before the first boundary or behind the last.
/// The bytes must outlive the reader.
struct MultipartReader {
    /// One part.
    struct Part {
        /// The field's name.
        var name: String
        var filename: String?
        var contentType: String?
        /// Where its content lies in the body.
        var range: Range<Int>
    }

    static let maximumParts = 256
    /// Of one part, all its lines together.
    static let maximumHeaderBytes = 8192
    private static let maximumHeaders = 16

    private let bytes: UnsafeRawBufferPointer
    /// A line break, two hyphens and the boundary.
    private let delimiter: [UInt8]
    private var position = 0

    /// The boundary that a media type names.
    ///
    /// - Throws: `malformed_request` where it names none, or none that may be.
    static func boundary(of mediaType: MediaType) throws(SluiceError) -> String {
        guard let boundary = mediaType.parameter("boundary") else {
            throw SluiceError(
                .malformedRequest,
                "Content-Type multipart/form-data has no boundary; leave the header to your client, which knows it")
        }
        let isAllowed = boundary.utf8.allSatisfy { ($0 > 0x20 && $0 < 0x7F) || $0 == 0x20 }
        guard (1...70).contains(boundary.utf8.count), isAllowed, boundary.last != " " else {
            throw SluiceError(
                .malformedRequest, "the boundary of a multipart body is 1 to 70 characters of ASCII (RFC 2046)")
        }
        return boundary
    }

    private init(_ bytes: UnsafeRawBufferPointer, boundary: String) {
        self.bytes = bytes
        delimiter = [0x0D, 0x0A, 0x2D, 0x2D] + Array(boundary.utf8)
    }

    /// All parts of a body.
    ///
    /// - Throws: `malformed_body`.
    static func parts(of bytes: UnsafeRawBufferPointer, boundary: String) throws(SluiceError) -> [Part] {
        var reader = MultipartReader(bytes, boundary: boundary)
        guard bytes.starts(with: reader.delimiter[2...]) else {
            throw SluiceError(.malformedBody, "the multipart body doesn't begin with its boundary")
        }
        reader.position = reader.delimiter.count - 2
        var parts: [Part] = []
        while try !reader.takeEnd() {
            guard parts.count < maximumParts else {
                throw SluiceError(.malformedBody, "the multipart body has more than \(maximumParts) parts")
            }
            parts.append(try reader.part(number: parts.count + 1))
        }
        return parts
    }

    /// Behind a boundary: whether it was the last one; otherwise passes over the end of its line.
    private mutating func takeEnd() throws(SluiceError) -> Bool {
        let rest = bytes[position...]
        if rest.starts(with: [0x2D, 0x2D]) {
            guard rest.dropFirst(2).allSatisfy({ $0 == 0x0D || $0 == 0x0A || $0 == 0x20 || $0 == 0x09 }) else {
                throw SluiceError(.malformedBody, "bytes follow the last boundary of the multipart body")
            }
            return true
        }
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
        guard bytes[position...].starts(with: [0x0D, 0x0A]) else {
            throw SluiceError(.malformedBody, "a boundary of the multipart body is not followed by a line break (CRLF)")
        }
        position += 2
        return false
    }

    private mutating func part(number: Int) throws(SluiceError) -> Part {
        let headers = try headers(number: number)
        let start = position
        let end = try nextDelimiter(from: start, number: number)
        position = end + delimiter.count
        guard let disposition = headers.first(where: { $0.name == "content-disposition" }) else {
            throw Self.fault(number, "it has no Content-Disposition")
        }
        if let encoding = headers.first(where: { $0.name == "content-transfer-encoding" })?.value.lowercased(),
            !["binary", "8bit", "7bit"].contains(encoding)
        {
            throw Self.fault(
                number, "Content-Transfer-Encoding \(Quote.text(encoding)) is not read here; send the bytes")
        }
        do throws(SluiceError) {
            var scanner = try HeaderScanner(disposition.value, header: "Content-Disposition")
            let (kind, parameters) = try scanner.disposition()
            guard scanner.isAtEnd else { throw scanner.unexpected() }
            let names = parameters.filter { $0.name == "name" }
            guard kind == "form-data", names.count == 1, parameters.count(where: { $0.name == "filename" }) <= 1 else {
                throw SluiceError(.malformedBody, "Content-Disposition must be form-data with one name")
            }
            return Part(
                name: Self.unquoted(names[0].value), filename: parameters.first { $0.name == "filename" }?.value,
                contentType: headers.first { $0.name == "content-type" }?.value, range: start..<end)
        } catch {
            throw Self.fault(number, error.message)
        }
    }

    /// Browsers write quotes and line breaks in names as `%22`, `%0D` and `%0A`.
    private static func unquoted(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "%")) else { return name }
        let escapes: [(String, UInt8)] = [("%22", 0x22), ("%0D", 0x0D), ("%0A", 0x0A)]
        var text: [UInt8] = []
        var rest = Substring(name)
        while let first = rest.utf8.first {
            if let (escape, byte) = escapes.first(where: { rest.hasPrefix($0.0) }) {
                text.append(byte)
                rest = rest.dropFirst(escape.count)
            } else {
                text.append(first)
                rest = Substring(rest.utf8.dropFirst())
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The header lines of a part, up to the empty one; their names in lower case.
    private mutating func headers(number: Int) throws(SluiceError) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        let start = position
        while true {
            let line = bytes[position...].prefix(Self.maximumHeaderBytes - (position - start))
            guard let end = line.firstIndex(of: 0x0D), end + 1 < bytes.count, bytes[end + 1] == 0x0A else {
                let isLong = line.count == Self.maximumHeaderBytes - (position - start)
                throw Self.fault(
                    number,
                    isLong
                        ? "its headers are longer than \(Self.maximumHeaderBytes) bytes"
                        : "its headers end nowhere; lines end in CRLF")
            }
            let text = bytes[position..<end]
            position = end + 2
            if text.isEmpty { return headers }
            guard headers.count < Self.maximumHeaders else {
                throw Self.fault(number, "it has more than \(Self.maximumHeaders) headers")
            }
            guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex,
                text[..<colon].allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
                let name = String(validating: text[..<colon], as: UTF8.self),
                let value = String(validating: text[(colon + 1)...], as: UTF8.self),
                value.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x09 })
            else { throw Self.fault(number, "a header can't be read") }
            let lower = name.lowercased()
            guard !headers.contains(where: { $0.name == lower }) else {
                throw Self.fault(number, "it has the header \(Quote.text(name)) twice")
            }
            headers.append((lower, Self.trimmed(value)))
        }
    }

    private static func trimmed(_ value: String) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let start = value.utf8.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(decoding: start[...last], as: UTF8.self)
    }

    /// Where the delimiter behind a part's content begins.
    private func nextDelimiter(from start: Int, number: Int) throws(SluiceError) -> Int {
        guard let base = bytes.baseAddress else { throw Self.fault(number, "it has no end") }
        var place = start
        while let found = memchr(base + place, 0x0D, bytes.count - place) {
            place = UnsafeRawPointer(found) - base
            if bytes[place...].starts(with: delimiter) { return place }
            place += 1
        }
        throw Self.fault(number, "it has no end; the body may be cut off")
    }

    private static func fault(_ part: Int, _ what: String) -> SluiceError {
        SluiceError(.malformedBody, "part \(part) of the multipart body: \(what)", detail: [.init("part", part)])
    }
}
