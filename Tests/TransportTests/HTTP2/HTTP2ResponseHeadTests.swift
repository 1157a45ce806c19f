import NIOCore
import NIOHPACK
import Testing

@testable import Transport

struct HTTP2ResponseHeadTests {
    private static func decode(_ block: [UInt8]) throws -> [String] {
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        var block = ByteBuffer(bytes: block)
        return try decoder.decodeHeaders(from: &block).map { "\($0.name): \($0.value)" }
    }

    @Test(arguments: [200, 204, 206, 400, 404, 429, 500, 503])
    func everyStatusIsWritten(status: Int) throws {
        let head = HTTP2ResponseHead(status: status, into: [1, 2, 3])
        let bytes = head.finish(on: 5, endsStream: true, largestFrame: 16_384)
        #expect(Array(bytes.prefix(3)) == [1, 2, 3])
        let frames = OutboundFlowTests.frames(Array(bytes.dropFirst(3)))
        #expect(frames.count == 1 && frames[0].stream == 5 && frames[0].type == HTTP2FrameType.headers)
        #expect(frames[0].flags == HTTP2FrameFlags.endHeaders | HTTP2FrameFlags.endStream)
        #expect(try Self.decode(frames[0].payload) == [":status: \(status)"])
    }

    @Test func fieldsOfAnyLengthAreWritten() throws {
        for length in [0, 1, 126, 127, 128, 254, 255, 256, 16_000] {
            let value = String(repeating: "v", count: length)
            var head = HTTP2ResponseHead(status: 200, into: [])
            head.field(.contentType, "application/grpc")
            head.field(.contentLength, length)
            head.field(.date, "now")
            head.field("x-request-id", value)
            head.field(named: "retry-after", "1")
            head.field(HTTP2ResponseHead.EncodedField(.contentType, "a/b"))
            let frame = OutboundFlowTests.frames(head.finish(on: 1, endsStream: false, largestFrame: 16_384))[0]
            #expect(frame.flags == HTTP2FrameFlags.endHeaders)
            #expect(
                try Self.decode(frame.payload) == [
                    ":status: 200", "content-type: application/grpc", "content-length: \(length)", "date: now",
                    "x-request-id: \(value)", "retry-after: 1", "content-type: a/b",
                ])
        }
    }

    /// Section 6.10.
    @Test func whatOneFrameCantHoldIsContinued() throws {
        let value = String(repeating: "v", count: 40_000)
        var head = HTTP2ResponseHead(status: 200, into: [9])
        head.field("a", value)
        let bytes = head.finish(on: 1, endsStream: true, largestFrame: 16_384)
        #expect(bytes[0] == 9)
        let frames = OutboundFlowTests.frames(Array(bytes.dropFirst()))
        #expect(frames.map(\.type) == [1, 9, 9])
        #expect(frames.map(\.flags) == [HTTP2FrameFlags.endStream, 0, HTTP2FrameFlags.endHeaders])
        #expect(frames.allSatisfy { $0.payload.count <= 16_384 && $0.stream == 1 })
        var decoder = HPACKDecoder(
            allocator: ByteBufferAllocator(), maxDynamicTableSize: 4096, maxHeaderListSize: 1 << 20)
        var block = ByteBuffer(bytes: frames.flatMap(\.payload))
        #expect(try decoder.decodeHeaders(from: &block).first(name: "a") == value)
    }

    @Test func theTablesSizeComesFirst() throws {
        let head = HTTP2ResponseHead(status: 200, into: [], saysTableSize: true)
        let frame = OutboundFlowTests.frames(head.finish(on: 1, endsStream: false, largestFrame: 16_384))[0]
        #expect(frame.payload == [0x20, 0x88])
        #expect(try Self.decode(frame.payload) == [":status: 200"])
    }
}
