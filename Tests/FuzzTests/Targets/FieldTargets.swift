import Codecs
import NIOHTTP1
import Tensors

@testable import Transport

/// Header fields, paths and queries: everything that is one short text.
enum FieldTargets {
    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        BodyTargets.decode(Array("1,2,3,4\n".utf8), text, Signatures.table)
        expectClientError { () throws(SluiceError) in _ = try CodecRegistry().negotiate(accept: text) }
        expectClientError { () throws(SluiceError) in
            _ = try CodecRegistry().negotiate(accept: text, media: ["image/png", "audio/wav"])
        }
        expectClientError { () throws(SluiceError) in
            let format = try RowFormat.named(text) ?? .lines
            _ = try RowFormat.answer(accept: text, to: format)
        }
        expectClientError { () throws(SluiceError) in
            _ = try CodecRegistry().decode(
                RequestBody(copying: Array("12345678".utf8)),
                facts: .init(contentType: "application/octet-stream", input: text, shape: text, datatype: text),
                signature: Signatures.any)
        }
        expectClientError { () throws(SluiceError) in _ = try ContentCoding.ofBody(text) }
        _ = ContentCoding.wanted(text)
        _ = PercentEncoding.decode(text)
        expectClientError { () throws(SluiceError) in _ = try Endpoint(path: text) }
        expectClientError { () throws(SluiceError) in _ = try Query(text) }
        expectClientError { () throws(SluiceError) in _ = try BatchQuery(text) }
        expectClientError { () throws(SluiceError) in _ = try SessionQuery(text) }
        expectClientError { () throws(SluiceError) in _ = try InferencePath(text) }
        var grpc = GRPCFields()
        for name in ["grpc-timeout", "grpc-encoding", "grpc-accept-encoding"] { _ = grpc.take(name, text) }
        expectClientError { () throws(SluiceError) in _ = try grpc.timeoutNanoseconds() }
        handshake(text)
        _ = RequestID.isAcceptable(text)
    }

    private static func handshake(_ text: String) {
        let fields = [
            ("host", "a"), ("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("origin", "http://a"),
            ("sec-websocket-protocol", "sluice"),
        ]
        for name in ["upgrade", "connection", "sec-websocket-key", "origin", "sec-websocket-protocol", "host"] {
            expectClientError { () throws(SluiceError) in
                _ = try WebSocketHandshake(
                    HTTPHeaders(fields.map { ($0.0, $0.0 == name ? text : $0.1) }), version: .http1_1,
                    origins: ["http://a"])
            }
        }
    }
}
