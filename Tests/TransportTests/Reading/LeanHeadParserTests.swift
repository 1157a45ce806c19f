import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Transport

struct LeanHeadParserTests {
    private static let known = KnownFields(key: Array("authorization".utf8))

    private func parse(_ text: String) -> LeanHeadParser.Outcome {
        let bytes = Array(text.utf8)
        return LeanHeadParser.parse(bytes.span, known: Self.known)
    }

    private func isUnusual(_ text: String) -> Bool {
        if case .unusual = parse(text) { true } else { false }
    }

    private static let usual =
        "POST /v2/models/echo/infer?a=b HTTP/1.1\r\nHost: a:80\r\nAuthorization: Bearer k\r\n"
        + "Content-Type:  application/json  \r\nX-Empty:\r\nContent-Length: 12\r\n\r\n"

    @Test func readsTheUsualHead() throws {
        guard case .head(let head, let length) = parse(Self.usual + "{body follows") else {
            Issue.record("the usual head is unusual")
            return
        }
        #expect(length == Self.usual.utf8.count)
        #expect(head.method == .POST)
        #expect(head.uri == "/v2/models/echo/infer?a=b")
        #expect(head.version == .http1_1)
        #expect(head.isKeepAlive)
        guard case .read(let fields) = head.headers else {
            Issue.record("its fields are unread")
            return
        }
        #expect(fields.contentLength == 12)
        #expect(fields.contentType == "application/json")
        #expect(fields.key == "Bearer k")
        #expect(fields.hostCount == 1)
    }

    @Test func aHeadWithoutItsEndIsIncomplete() {
        let bytes = Array(Self.usual.utf8)
        for count in 0..<bytes.count {
            let start = bytes[..<count]
            guard case .incomplete = LeanHeadParser.parse(start.span, known: Self.known) else {
                Issue.record("\(count) bytes of a usual head are not incomplete")
                return
            }
        }
    }

    @Test func connectionSaysWhetherItIsKept() {
        for (value, isKept) in [("close", false), ("Close", false), ("keep-alive", true), ("Keep-Alive", true)] {
            guard case .head(let head, _) = parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: \(value)\r\n\r\n") else {
                Issue.record("Connection: \(value) is unusual")
                continue
            }
            #expect(head.isKeepAlive == isKept)
        }
    }

    static let unusual = [
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", "get / HTTP/1.1\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n", "GET http://a/ HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\n\r\n",
        "GET /\u{e9} HTTP/1.1\r\n\r\n",
        "GET /\"x\" HTTP/1.1\r\n\r\n", "GET /#x HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
        "GET /\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX(): y\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX:\ty\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \u{e9}\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 64) + "\r\n",
        "GET /" + String(repeating: "x", count: 9000),
    ]

    @Test(arguments: unusual)
    func leavesWhatIsUnusualToOthers(text: String) {
        #expect(isUnusual(text))
    }
}
