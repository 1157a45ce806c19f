import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Transport

/// Holds the lean parser to NIO's: whatever it accepts must mean the same there, to the last byte of the body.
///
/// `SLUICE_FUZZ_CASES` says how many heads are tried; the same ones on every run.
struct HeadFuzzTests {
    private static let known = KnownFields(key: Array("authorization".utf8))
    private static let sentinel = "GET /sentinel HTTP/1.1\r\nHost: s\r\n\r\n"

    /// Lines that have been used to make two readers of one request disagree, among harmless ones.
    private static let lines = [
        "Host: a", "Host: a", "Host: a:80", "Host: b", "Host: [::1]:80", "Host:", "hOsT: a", "Host: a b", "Host\t: a",
        "Content-Length: 5", "Content-Length: 5", "Content-Length: 0", "Content-Length: 05", "Content-Length: 5 ",
        "Content-Length:5", "content-length: 3", "Content-Length: +5", "Content-Length: -5", "Content-Length: 0x5",
        "Content-Length: 5,5", "Content-Length: 5 5", "Content-Length : 5", "Content-Length: \t5",
        "Content-Length: 1e1",
        "Content-Length: 18446744073709551621", "Content-Length: ٥", "Content-Length: 5\r\n 6", "Content_Length: 7",
        "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding : chunked",
        "Transfer-Encoding: xchunked", "Transfer-Encoding:\u{b}chunked", "Transfer-Encoding\r\n : chunked",
        "TRANSFER-ENCODING: Chunked", "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
        "Transfer_Encoding: chunked", "Connection: close", "Connection: Keep-Alive", "Connection: keep-alive, close",
        "Connection: x", "Connection:", "Connection: close ", "Proxy-Connection: close", "Upgrade: h2c", "Upgrade:",
        "Expect: 100-continue", "Expect: 100-Continue ", "Accept: */*", "Accept: text/csv;q=0.5, application/json",
        "Content-Type: application/json", "Content-Type: text/csv; header=present", "Content-Encoding: identity",
        "Authorization: Bearer slk_k1_x", "authorization:Bearer y", "X-Request-Id: 7", "X-Request-Id: a b",
        "Traceparent: 00-1-2-01", "Sluice-Shape: 1,2", "Sluice-Input: X", "Sluice-Datatype: FP32",
        "Inference-Header-Content-Length: 3", "Inference-Header-Content-Length: 3x", "User-Agent: curl/8.0 (x; y)",
        "X-Empty:", "X-Spaces:    a   b   ", "X-Tab: a\tb", "X-High: \u{e9}", "X-Nul: \0", ": nothing", "no colon",
        "X Y: z",
        "X!#$%&'*+.^_`|~: z", "X-Quote: \"a\\\"b\"", "Te: trailers", "Trailer: x", "Keep-Alive: timeout=5",
        "Cookie: a=b; c=d",
    ]
    private static let starts = [
        "POST /v1/infer/echo HTTP/1.1", "POST /v1/infer/echo HTTP/1.1",
        "POST /v2/models/a%2Fb/infer?x=y&z=%20 HTTP/1.1",
        "GET /v2 HTTP/1.1", "GET / HTTP/1.1", "HEAD /v2/health/live HTTP/1.1", "GET /v2 HTTP/1.0", "PUT / HTTP/1.1",
        "GET //a/../b HTTP/1.1", "GET http://a/b HTTP/1.1", "GET /a?b?c=d/e HTTP/1.1", "POST  / HTTP/1.1",
        "GET /[a] HTTP/1.1",
        "GET /~a!$&'()*+,;=:@-._ HTTP/1.1", "GET /v2 HTTP/1.1 ", "GET /v2 http/1.1",
    ]
    private static let ends = ["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n\r\n", "\r\n "]

    private static func makeHead(_ generator: inout SplitMix) -> [UInt8] {
        var text = starts.randomElement(using: &generator)! + "\r\n"
        if Bool.random(using: &generator) { text += "Host: a\r\n" }
        // Mostly as it should be; one line in some has another end.
        let isClean = Int.random(in: 0..<4, using: &generator) > 0
        for _ in 0..<Int.random(in: 0...5, using: &generator) {
            text +=
                lines.randomElement(using: &generator)! + (isClean ? "\r\n" : ends.randomElement(using: &generator)!)
        }
        var bytes = Array((text + "\r\n").utf8)
        if Int.random(in: 0..<3, using: &generator) == 0 {
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: place)
                default: bytes.insert([9, 10, 13, 32, 58, 0, 11][Int.random(in: 0..<7, using: &generator)], at: place)
                }
            }
        }
        return bytes
    }

    @Test func whatIsAcceptedMeansTheSameToNIO() throws {
        let cases = FuzzCases.count(1500)
        var generator = SplitMix(state: 20_261_125)
        var accepted = 0
        for number in 0..<cases {
            let head = Self.makeHead(&generator)
            switch LeanHeadParser.parse(head.span, known: Self.known) {
            case .unusual: continue
            case .incomplete:
                #expect(Self.parts(of: head).isEmpty, "case \(number): \(String(decoding: head, as: UTF8.self))")
            case .head(let lean, let length):
                accepted += 1
                let difference = Self.difference(lean, length: length, bytes: head)
                #expect(difference == nil, "case \(number): \(String(decoding: head, as: UTF8.self))")
            }
        }
        // The test would show nothing if hardly any head were usual.
        #expect(accepted * 8 > cases, "only \(accepted) of \(cases) heads were accepted")
    }

    /// What NIO's parser makes of the bytes, up to its first error.
    private static func parts(of bytes: [UInt8]) -> [HTTPServerRequestPart] {
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        var parts: [HTTPServerRequestPart] = []
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) { parts.append(part) }
        return parts
    }

    /// In what NIO's parser differs; `nil` where it doesn't.
    private static func difference(_ lean: RequestHead, length: Int, bytes: [UInt8]) -> String? {
        guard case .read(let fields) = lean.headers else { return "fields that nobody read" }
        let bodyLength = fields.contentLength ?? 0
        // The head alone, then a body of just the announced length, then the next request.
        var whole = Array(bytes[..<length])
        if bodyLength <= 1 << 16 { whole += [UInt8](repeating: 0x78, count: bodyLength) + Array(sentinel.utf8) }
        var parts = parts(of: whole)[...]
        guard case .head(let head)? = parts.popFirst() else { return "no head" }
        guard head.method == lean.method, head.uri == lean.uri, head.version == lean.version else {
            return "another line"
        }
        guard head.isKeepAlive == lean.isKeepAlive else { return "another end of the connection" }
        guard (try? RequestFields(head.headers, known: known)) == fields else { return "other fields" }
        guard bodyLength <= 1 << 16 else { return nil }
        var received = 0
        while case .body(let piece)? = parts.first {
            received += piece.readableBytes
            parts.removeFirst()
        }
        guard received == bodyLength else { return "a body of \(received) bytes" }
        guard case .end(nil)? = parts.popFirst() else { return "no end" }
        guard lean.isKeepAlive else { return nil }
        guard case .head(let next)? = parts.popFirst(), next.uri == "/sentinel" else { return "another next request" }
        return nil
    }
}
