import Codecs
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP1
import Policies
import Tensors

@testable import Transport

/// What comes in on a connection before it is a body.
enum ConnectionTargets {
    private static let known = KnownFields(key: Array("authorization".utf8))

    // MARK: HTTP/1

    /// Heads and bodies, in pieces; a head that is accepted must mean the same to NIO's parser.
    static func http1(_ bytes: [UInt8]) {
        var reader = RequestReader(known: known)
        reading: for piece in Pieces(bytes) {
            reader.append(ByteBuffer(bytes: piece))
            while let event = reader.next() {
                if case .unusual = event { break reading }
            }
        }
        guard case .head(let head, let length) = LeanHeadParser.parse(bytes.span, known: known) else { return }
        precondition(length <= bytes.count)
        let parts = partsOfNIO(Array(bytes[..<length]))
        guard case .head(let other)? = parts.first else { preconditionFailure("no head for NIO") }
        precondition(head.method == other.method && head.uri == other.uri && head.version == other.version)
        precondition(head.isKeepAlive == other.isKeepAlive)
        guard case .read(let fields) = head.headers else { preconditionFailure("fields that nobody read") }
        precondition((try? RequestFields(other.headers, known: known)) == fields)
    }

    private static func partsOfNIO(_ bytes: [UInt8]) -> [HTTPServerRequestPart] {
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        var parts: [HTTPServerRequestPart] = []
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) { parts.append(part) }
        return parts
    }

    // MARK: HTTP/2

    /// Frames behind the preface, in pieces, and the header blocks in them, held against a reader that remembers none.
    static func http2(_ bytes: [UInt8]) {
        let limits = HTTP2Limits()
        var reader = HTTP2FrameReader(limits: limits.reading)
        var blocks = HeaderBlockReader(limit: limits.headerList, peer: .unknown)
        var plain = HPACKDecoder(
            allocator: ByteBufferAllocator(), maxDynamicTableSize: HPACKDecoder.maxDynamicTableSize,
            maxHeaderListSize: limits.headerList)
        reader.append(ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        do throws(HTTP2Fault) {
            for piece in Pieces(bytes) {
                reader.append(ByteBuffer(bytes: piece))
                while let frame = try next(&reader) {
                    guard case .headers(let stream, var block, _) = frame else { continue }
                    let head = try read(block, stream, &blocks)
                    let headers = try? plain.decodeHeaders(from: &block)
                    let other = headers.flatMap { try? HTTP2RequestHead($0, known: KnownFields(key: [])) }
                    precondition(head?.method == other?.method && head?.target == other?.target)
                    precondition(head?.fields == other?.fields, "other fields than without memory")
                }
            }
        } catch {
            precondition(error.scope == .connection)
        }
    }

    /// An error of a stream is no end of the connection.
    private static func next(_ reader: inout HTTP2FrameReader) throws(HTTP2Fault) -> HTTP2Frame? {
        do throws(HTTP2Fault) {
            return try reader.next()
        } catch {
            guard case .stream = error.scope else { throw error }
            return .unknown
        }
    }

    private static func read(
        _ block: ByteBuffer, _ stream: HTTP2StreamID, _ blocks: inout HeaderBlockReader
    ) throws(HTTP2Fault) -> HTTP2RequestHead? {
        do throws(HTTP2Fault) {
            return try blocks.request(block, on: stream)
        } catch {
            guard case .stream = error.scope else { throw error }
            return nil
        }
    }

    // MARK: gRPC

    /// Messages with their lengths, in pieces, and the requests for inference in them.
    static func grpc(_ bytes: [UInt8]) {
        expectClientError { () throws(SluiceError) in try messages(Array(Pieces(bytes))) }
        // The same as one message, so that the fuzzer needn't get a length right.
        expectClientError { () throws(SluiceError) in
            var sink = GRPCMessageSink(isInference: true, length: bytes.count)
            for piece in Pieces(bytes) { try sink.append(ByteBuffer(bytes: piece)) }
            try read(try sink.finish())
        }
    }

    private static func messages(_ pieces: [[UInt8]]) throws(SluiceError) {
        var reader = GRPCFrameReader(limit: 1 << 20)
        var sink: GRPCMessageSink?
        for piece in pieces {
            var input = ByteBuffer(bytes: piece)
            while let event = try reader.next(&input) {
                switch event {
                case .begin(let isCompressed, let length):
                    sink = GRPCMessageSink(isInference: !isCompressed, length: length)
                case .bytes(let bytes): try sink?.append(bytes)
                case .end:
                    if let message = try sink?.finish() { try read(message) }
                    sink = nil
                }
            }
        }
    }

    private static func read(_ message: GRPCMessage) throws(SluiceError) {
        guard case .infer(let message) = message else { return }
        _ = try message.address()
        for signature in Signatures.all {
            expectClientError { () throws(SluiceError) in
                _ = try OpenInferenceCodec().decode(message, signature: signature)
            }
        }
    }

    // MARK: Compressed bodies

    /// The whole may become a megabyte and never more.
    static func compressed(_ bytes: [UInt8]) {
        let limit = 1 << 20
        for encoding in ["gzip", "deflate", "zstd"] {
            expectClientError { () throws(SluiceError) in
                let inflater = try Inflater(encoding)
                var total = 0
                for piece in Pieces(bytes) {
                    total += try inflater.inflate(ByteBuffer(bytes: piece), limit: limit).readableBytes
                    precondition(total <= limit)
                }
                try inflater.finish()
            }
        }
    }
}
