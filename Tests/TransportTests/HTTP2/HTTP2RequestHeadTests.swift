import NIOHPACK
import Tensors
import Testing

@testable import Transport

struct HTTP2RequestHeadTests {
    private func head(_ fields: [(String, String)], keyField: String, identity: String? = nil) -> HTTP2RequestHead {
        let pseudo = [(":method", "POST"), (":scheme", "http"), (":path", "/v1/infer/a?b"), (":authority", "host")]
        return HTTP2RequestHead(HPACKHeaders(pseudo + fields), keyField: Array(keyField.utf8), identity: identity)
    }

    @Test func keyAndPathAreFound() {
        let head = head([("authorization", "Bearer k"), ("content-type", "text/csv")], keyField: "authorization")
        #expect(head.failure == nil)
        #expect(head.method == "POST" && head.target == "/v1/infer/a?b")
        #expect(head.fields.key == "Bearer k" && head.fields.contentType == "text/csv")
    }

    @Test func certificateStandsInForAKeyThatWasNotSent() {
        #expect(head([], keyField: "x-api-key", identity: "\0cn:me").fields.key == "\0cn:me")
        #expect(head([("x-api-key", "k")], keyField: "x-api-key", identity: "\0cn:me").fields.key == "k")
    }

    /// HPACK carries any byte, and NIO's validation lets them pass: a NUL would make a key of a certificate's name.
    @Test(arguments: [
        ("authorization", "authorization", "\0cn:somebody"), ("x-api-key", "x-api-key", "\0dns:somebody"),
        ("x-api-key", "authorization", "\0cn:somebody"), ("authorization", "authorization", "Bearer a\u{7F}"),
    ])
    func nobodyCanSendACertificatesName(keyField: String, name: String, value: String) {
        let head = head([(name, value)], keyField: keyField)
        #expect(head.failure?.code == .malformedRequest)
        #expect(head.fields.key == nil && head.fields.authorization == nil)
    }
}
