internal import NIOCore
internal import NIOHTTP1
internal import Policies

/// Writes the head of an HTTP/1.1 response straight into the buffer that goes to the socket (RFC 9112, section 4).
///
/// Field values are the gate's own texts: configured names, numbers, and request ids that were checked to be visible
/// ASCII. Nothing else a client sends comes back in a head, so a line break can't either.
struct ResponseHead {
    private(set) var buffer: ByteBuffer

    /// Begins a head.
    ///
    /// - Parameter buffer: where it is written; empty.
    init(status: Int, version: HTTPVersion, into buffer: consuming ByteBuffer) {
        self.buffer = buffer
        if status == 200 && version.minor > 0 {
            self.buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
        } else {
            self.buffer.writeString(
                "HTTP/1.\(version.minor) \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n")
        }
    }

    mutating func field(_ name: StaticString, _ value: String) {
        buffer.writeStaticString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
        buffer.writeStaticString("\r\n")
    }

    mutating func field(_ name: StaticString, _ value: StaticString) {
        buffer.writeStaticString(name)
        buffer.writeStaticString(": ")
        buffer.writeStaticString(value)
        buffer.writeStaticString("\r\n")
    }

    mutating func field(_ name: StaticString, _ number: Int) {
        buffer.writeStaticString(name)
        buffer.writeStaticString(": ")
        buffer.writeDecimal(number)
        buffer.writeStaticString("\r\n")
    }

    mutating func field(named name: String, _ value: String) {
        buffer.writeString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
        buffer.writeStaticString("\r\n")
    }

    /// What is left of a quota: `quota.header`, without making a text of it.
    mutating func rateLimit(_ quota: RateLimitStatus) {
        buffer.writeStaticString("ratelimit: ")
        buffer.writeString(quota.policy.quotedName)
        buffer.writeStaticString(";r=")
        buffer.writeDecimal(Int(clamping: quota.shownRemaining))
        buffer.writeStaticString(";t=")
        buffer.writeDecimal(Int(clamping: quota.shownSeconds))
        buffer.writeStaticString("\r\n")
    }

    /// Ends the head.
    consuming func finish() -> ByteBuffer {
        buffer.writeStaticString("\r\n")
        return buffer
    }
}

extension ByteBuffer {
    /// Writes a number that isn't negative in decimal.
    mutating func writeDecimal(_ number: Int) {
        if number < 10 {
            writeInteger(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number))
            return
        }
        writeDecimal(number / 10)
        writeInteger(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
    }

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
