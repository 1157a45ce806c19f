internal import Codecs
internal import NIOCore
internal import NIOHTTP1
internal import Policies

/// Writes the head of an HTTP/1.1 response into the bytes that go to the socket (RFC 9112, section 4).
///
/// Field values are the gate's own texts: configured names, numbers, and request ids that were checked to be visible
/// ASCII. Nothing else a client sends comes back in a head, so a line break can't either.
struct ResponseHead: ~Copyable {
    /// A field's name as it stands in a head, for fields that most responses have: a line break before it, a colon behind.
    struct Name {
        fileprivate let text: StaticString

        static let contentType = Name(text: "\r\ncontent-type: ")
        static let contentLength = Name(text: "\r\ncontent-length: ")
        static let requestID = Name(text: "\r\nx-request-id: ")
        static let date = Name(text: "\r\ndate: ")
        static let inferenceHeaderLength = Name(text: "\r\ninference-header-content-length: ")
        static let model = Name(text: "\r\nsluice-model: ")
        static let rateLimitPolicy = Name(text: "\r\nratelimit-policy: ")
        static let rateLimit = Name(text: "\r\nratelimit: ")
    }

    /// Without the line break behind the last line.
    private var bytes: [UInt8]

    /// Begins a head.
    ///
    /// - Parameter bytes: where it is written; empty.
    init(status: Int, version: HTTPVersion, into bytes: consuming [UInt8]) {
        self.bytes = consume bytes
        if status == 200 && version.minor > 0 {
            self.bytes.append("HTTP/1.1 200 OK")
        } else {
            self.bytes.append(
                contentsOf:
                    "HTTP/1.\(version.minor) \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)"
                    .utf8)
        }
    }

    mutating func field(_ name: Name, _ value: String) {
        bytes.append(name.text)
        bytes.append(contentsOf: value.utf8)
    }

    mutating func field(_ name: Name, _ number: Int) {
        bytes.append(name.text)
        bytes.appendNumber(number)
    }

    mutating func field(_ name: StaticString, _ value: String) {
        begin(name)
        bytes.append(contentsOf: value.utf8)
    }

    mutating func field(_ name: StaticString, _ value: StaticString) {
        begin(name)
        bytes.append(value)
    }

    mutating func field(_ name: StaticString, _ number: Int) {
        begin(name)
        bytes.appendNumber(number)
    }

    mutating func field(named name: String, _ value: String) {
        bytes.append("\r\n")
        bytes.append(contentsOf: name.utf8)
        bytes.append(": ")
        bytes.append(contentsOf: value.utf8)
    }

    /// What is left of a quota: `quota.header`, without making a text of it.
    mutating func rateLimit(_ quota: RateLimitStatus) {
        bytes.append(Name.rateLimit.text)
        bytes.append(contentsOf: quota.quotedName.utf8)
        bytes.append(";r=")
        bytes.appendNumber(Int(clamping: quota.shownRemaining))
        bytes.append(";t=")
        bytes.appendNumber(Int(clamping: quota.shownSeconds))
    }

    private mutating func begin(_ name: StaticString) {
        bytes.append("\r\n")
        bytes.append(name)
        bytes.append(": ")
    }

    /// Ends the head.
    consuming func finish() -> [UInt8] {
        bytes.append("\r\n\r\n")
        return bytes
    }
}

extension [UInt8] {
    /// Appends text that the program itself holds.
    fileprivate mutating func append(_ text: StaticString) {
        // A literal's bytes are there for as long as the program is.
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

extension ByteBuffer {
    /// Wraps what was written so far as one chunk of a chunked body (RFC 9112, section 7.1).
    static func chunk(_ bytes: ByteBuffer, allocator: ByteBufferAllocator) -> ByteBuffer {
        var bytes = bytes
        var chunk = allocator.buffer(capacity: bytes.readableBytes + 20)
        chunk.writeString(String(bytes.readableBytes, radix: 16))
        chunk.writeStaticString("\r\n")
        chunk.writeBuffer(&bytes)
        chunk.writeStaticString("\r\n")
        return chunk
    }
}
