import NIOHTTP1
import Tensors
import Testing

@testable import Transport

@Suite struct WebSocketHandshakeTests {
    private static let fields = [
        ("host", "Gate.example:8080"), ("upgrade", "WebSocket"), ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("sec-websocket-version", "13"),
    ]

    private func handshake(
        without name: String? = nil, _ more: (String, String)..., origins: [String] = [], minor: Int = 1
    ) throws(SluiceError) -> WebSocketHandshake {
        try WebSocketHandshake(
            HTTPHeaders(Self.fields.filter { $0.0 != name } + more), version: HTTPVersion(major: 1, minor: minor),
            origins: origins)
    }

    /// The RFC's own example (RFC 6455, section 1.3).
    @Test func keyIsAnsweredAsTheRFCSays() throws {
        #expect(try handshake().accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test(arguments: ["upgrade", "connection", "sec-websocket-key", "sec-websocket-version"])
    func everyFieldIsNeeded(name: String) {
        #expect(throws: SluiceError.self) { try handshake(without: name) }
    }

    @Test func fieldsThatStandOnceStandOnce() {
        #expect(throws: SluiceError.self) { try handshake(("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")) }
        #expect(throws: SluiceError.self) { try handshake(("sec-websocket-version", "8")) }
        #expect(throws: SluiceError.self) { try handshake(minor: 0) }
    }

    @Test(
        arguments: [
            ("http://gate.example:8080", [], true), ("https://gate.example:8080", [], true),
            ("https://gate.example", [], false), ("null", [], false), ("https://evil.example", [], false),
            ("https://App.example", ["https://app.example"], true),
            ("https://app.example:444", ["https://app.example"], false),
            ("https://anywhere.example", ["*"], true), ("", [], false),
        ] as [(String, [String], Bool)])
    func pagesComeFromWhereTheyMay(origin: String, allowed: [String], isAllowed: Bool) {
        if isAllowed {
            #expect(throws: Never.self) { try handshake(("origin", origin), origins: allowed) }
        } else {
            #expect(throws: SluiceError.self) { try handshake(("origin", origin), origins: allowed) }
        }
    }

    @Test func twoOriginsAreNone() {
        let here = "http://gate.example:8080"
        #expect(throws: SluiceError.self) { try handshake(("origin", here), ("origin", here)) }
    }

    @Test func protocolsMayCarryAKey() throws {
        let handshake = try handshake(
            ("sec-websocket-protocol", "chat, sluice"), ("sec-websocket-protocol", "sluice.key.abc"))
        #expect(handshake.namesProtocol)
        #expect(handshake.key == "abc")
        #expect(try !self.handshake().namesProtocol)
    }
}

@Suite struct SessionQueryTests {
    @Test func everythingCanBeSaid() throws {
        let query = try SessionQuery("outputs=a,b&answers=npy&input=x&shape=2,3&datatype=FP32")
        #expect(query.outputs == ["a", "b"])
        #expect(query.answers == .npy)
        #expect([query.input, query.shape, query.datatype] == ["x", "2,3", "FP32"])
    }

    @Test(arguments: ["answers=xml", "model=a", "input=a&input=b", "x", "outputs=%zz"])
    func whatIsNotKnownIsRefused(query: String) {
        #expect(throws: SluiceError.self) { try SessionQuery(query) }
    }
}

@Suite struct SessionSequenceTests {
    @Test func itBeginsWithTheFirstAnswerAndAnewBehindAnEnd() {
        var sequence = SessionSequence()
        let first = sequence.next
        #expect(first.isStart)
        #expect(sequence.next == first, "a message that failed began nothing")
        sequence.answered(first)
        #expect(!sequence.next.isStart)
        #expect(sequence.next.id == first.id)
        var last = sequence.next
        last.isEnd = true
        sequence.answered(last)
        #expect(sequence.next.isStart)
        #expect(sequence.next.id != first.id)
    }
}
