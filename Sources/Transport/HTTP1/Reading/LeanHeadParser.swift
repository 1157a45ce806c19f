internal import NIOHTTP1
internal import Tensors

/// Reads a request's head in the form that nearly every client sends, in one pass over the received bytes.
///
/// It knows one way to write things and refuses nothing: a head with anything else in it, a mistake or something rare,
/// is `unusual` and goes to NIO's parser (llhttp), which decides. Whatever is accepted here means the same there; a
/// differential test holds both together.
enum LeanHeadParser {
    enum Outcome {
        /// A whole head, and how many bytes it takes.
        case head(RequestHead, length: Int)
        /// Usual so far, but there is no end yet.
        case incomplete
        case unusual
    }

    /// Longer heads are unusual.
    static let longestHead = 8 << 10
    /// Heads with more fields are unusual.
    private static let mostFields = 64

    static func parse(_ bytes: Span<UInt8>, known: KnownFields) -> Outcome {
        var position = 0
        do throws(Stop) {
            let head = try readHead(bytes, &position, known: known)
            return .head(head, length: position)
        } catch {
            return error == .end && bytes.count < longestHead ? .incomplete : .unusual
        }
    }

    /// Why reading stops before the end of the head.
    private enum Stop: Error {
        case end
        case unusual
    }

    /// The byte at a place.
    @inline(__always)
    private static func byte(_ bytes: Span<UInt8>, _ position: Int) throws(Stop) -> UInt8 {
        guard position < bytes.count else { throw .end }
        return bytes[position]
    }

    /// Passes over exactly this text.
    private static func skip(_ text: StaticString, _ bytes: Span<UInt8>, _ position: inout Int) throws(Stop) {
        for index in 0..<text.utf8CodeUnitCount {
            guard unsafe text.utf8Start[index] == (try byte(bytes, position)) else { throw .unusual }
            position += 1
        }
    }

    private static func readHead(_ bytes: Span<UInt8>, _ position: inout Int, known: KnownFields) throws(Stop)
        -> RequestHead
    {
        let method = try readMethod(bytes, &position)
        let uri = try readTarget(bytes, &position)
        try skip(" HTTP/1.1\r\n", bytes, &position)
        var fields = RequestFields()
        var connection = Connection.unsaid
        for _ in 0..<mostFields {
            if try byte(bytes, position) == UInt8(ascii: "\r") {
                try skip("\r\n", bytes, &position)
                return RequestHead(
                    method: method, uri: uri, version: .http1_1, isKeepAlive: connection != .close,
                    headers: .read(fields))
            }
            try readField(bytes, &position, into: &fields, connection: &connection, known: known)
        }
        throw .unusual
    }

    private static func readMethod(_ bytes: Span<UInt8>, _ position: inout Int) throws(Stop) -> HTTPMethod {
        switch try byte(bytes, position) {
        case UInt8(ascii: "P"):
            try skip("POST ", bytes, &position)
            return .POST
        case UInt8(ascii: "G"):
            try skip("GET ", bytes, &position)
            return .GET
        case UInt8(ascii: "H"):
            try skip("HEAD ", bytes, &position)
            return .HEAD
        default: throw .unusual
        }
    }

    private static func readTarget(_ bytes: Span<UInt8>, _ position: inout Int) throws(Stop) -> String {
        let start = position
        guard try byte(bytes, position) == UInt8(ascii: "/") else { throw .unusual }
        while true {
            let next = try byte(bytes, position)
            if next == UInt8(ascii: " ") { break }
            guard isOfTarget(next) else { throw .unusual }
            position += 1
        }
        return String(copying: bytes.extracting(start..<position))
    }

    private static func readField(
        _ bytes: Span<UInt8>, _ position: inout Int, into fields: inout RequestFields, connection: inout Connection,
        known: KnownFields
    ) throws(Stop) {
        let nameStart = position
        while true {
            let next = try byte(bytes, position)
            if next == UInt8(ascii: ":") { break }
            guard isOfName(next) else { throw .unusual }
            position += 1
        }
        let name = bytes.extracting(nameStart..<position)
        guard name.count > 0 else { throw .unusual }
        position += 1
        while try byte(bytes, position) == UInt8(ascii: " ") { position += 1 }
        let valueStart = position
        while true {
            let next = try byte(bytes, position)
            if next == UInt8(ascii: "\r") { break }
            guard next >= 0x20 && next < 0x7F else { throw .unusual }
            position += 1
        }
        let value = bytes.extracting(valueStart..<position)
        try skip("\r\n", bytes, &position)
        try take(name, value, into: &fields, connection: &connection, known: known)
    }

    /// What the field `Connection` says.
    private enum Connection {
        case unsaid
        case close
        case keepAlive
    }

    private static func take(
        _ name: Span<UInt8>, _ value: Span<UInt8>, into fields: inout RequestFields, connection: inout Connection,
        known: KnownFields
    ) throws(Stop) {
        switch name.count {
        case 10 where name.equalsIgnoringCase("connection"):
            guard connection == .unsaid else { throw .unusual }
            if value.equalsIgnoringCase("close") {
                connection = .close
            } else if value.equalsIgnoringCase("keep-alive") {
                connection = .keepAlive
            } else {
                throw .unusual
            }
        case 14 where name.equalsIgnoringCase("content-length"):
            // Not even a second one of the same value.
            guard fields.contentLength == nil else { throw .unusual }
        case 7 where name.equalsIgnoringCase("upgrade"), 16 where name.equalsIgnoringCase("proxy-connection"),
            17 where name.equalsIgnoringCase("transfer-encoding"):
            throw .unusual
        default: break
        }
        do {
            try fields.take(name, value, known: known)
        } catch {
            throw .unusual
        }
    }

    /// The characters of a path and a query (RFC 3986, appendix A), without the brackets that some let through.
    private static func isOfTarget(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: ";"), UInt8(ascii: "$")...UInt8(ascii: "/"), UInt8(ascii: "!"),
            UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: "@"), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        let lowered = byte | 0x20
        return lowered &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }
}
