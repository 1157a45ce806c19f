import Foundation
import Testing

/// HTTP/2 that no client would send by mistake: each is refused as RFC 9113 says, and other connections don't notice.
@Suite struct HostileHTTP2Tests {
    typealias Kind = HTTP2Peer.Kind

    /// Error codes of RFC 9113, section 7.
    enum Code {
        static let none: UInt32 = 0
        static let protocolError: UInt32 = 1
        static let flowControl: UInt32 = 3
        static let streamClosed: UInt32 = 5
        static let frameSize: UInt32 = 6
        static let compression: UInt32 = 9
        static let calm: UInt32 = 11
    }

    static let echo = """
        version: 1
        listeners: { public: { address: LISTENER, max_body: 1MiB, max_headers: 8KiB } }
        models: { echo: { plugin: echo } }
        auth: none
        """

    /// Sends to a fresh gateway; whatever came of it, the gateway must serve the next client.
    private static func attack(_ body: (GatewayFixture) throws -> Void) throws {
        let gateway = try GatewayFixture(echo)
        try body(gateway)
        #expect(try gateway.get("/v2/health/live").status == 200)
        #expect(gateway.isRunning)
    }

    @Test func floodsEndTheConnection() throws {
        try Self.attack { gateway in
            let resets = try HTTP2Peer(port: gateway.port)
            for index in 0..<2000 {
                resets.sendHeaders(HTTP2Peer.request("POST", "/v1/infer/echo"), on: 2 * index + 1)
                resets.send(Kind.reset, 0, 2 * index + 1, [0, 0, 0, 8])
            }
            #expect(try resets.goAwayCode() == Code.calm)

            let settings = try HTTP2Peer(port: gateway.port)
            for _ in 0..<3000 { settings.send(Kind.settings) }
            #expect(try settings.goAwayCode() == Code.calm)

            let pings = try HTTP2Peer(port: gateway.port)
            for _ in 0..<3000 { pings.send(Kind.ping, 0, 0, [UInt8](repeating: 0, count: 8)) }
            #expect(try pings.goAwayCode() == Code.calm)

            let continuations = try HTTP2Peer(port: gateway.port)
            continuations.send(Kind.headers, 0, 1, HTTP2Peer.request("GET", "/v2"))
            for _ in 0..<1000 { continuations.send(Kind.continuation, 0, 1, []) }
            #expect(try continuations.goAwayCode() == Code.calm)

            let empties = try HTTP2Peer(port: gateway.port)
            empties.sendHeaders(HTTP2Peer.request("POST", "/v1/infer/echo"), on: 1)
            for _ in 0..<1000 { empties.send(Kind.data, 0, 1, []) }
            #expect(try empties.goAwayCode() == Code.calm)
        }
    }

    @Test func manyPingsWithinReasonAreAnswered() throws {
        try Self.attack { gateway in
            let peer = try HTTP2Peer(port: gateway.port)
            for _ in 0..<1000 { peer.send(Kind.ping, 0, 0, [UInt8](repeating: 1, count: 8)) }
            #expect(try peer.isAlive())
        }
    }

    @Test func hugeHeadersEndTheConnection() throws {
        try Self.attack { gateway in
            let long = try HTTP2Peer(port: gateway.port)
            let block = HTTP2Peer.request("GET", "/v2", [("x", String(repeating: "a", count: 15_000))])
            _ = try long.isAlive()
            long.sendHeaders(block, on: 1, end: true)
            #expect(try long.goAwayCode() != Code.none)

            // A table entry of 4 KiB, named again and again by one byte: small on the wire, large in memory.
            let bomb = try HTTP2Peer(port: gateway.port)
            let value = [UInt8](repeating: 0x61, count: 4000)
            let entry: [UInt8] = [0x40, 1, 0x78, 0x7F, 0xA1, 0x1E] + value
            bomb.sendHeaders(
                HTTP2Peer.request("GET", "/v2") + entry + [UInt8](repeating: 0xBE, count: 8000), on: 1, end: true)
            #expect(try bomb.goAwayCode() != Code.none)
        }
    }

    @Test func brokenFramesEndTheConnection() throws {
        let zero4: [UInt8] = [0, 0, 0, 0]
        let cases: [(String, [UInt8], Set<UInt32>)] = [
            ("DATA on stream 0", HTTP2Peer.frame(Kind.data, 0, 0, [1]), [Code.protocolError]),
            (
                "HEADERS on stream 0", HTTP2Peer.frame(Kind.headers, 4, 0, HTTP2Peer.request("GET", "/")),
                [Code.protocolError]
            ),
            (
                "HEADERS on an even stream", HTTP2Peer.frame(Kind.headers, 4, 2, HTTP2Peer.request("GET", "/")),
                [Code.protocolError]
            ),
            ("DATA on an idle stream", HTTP2Peer.frame(Kind.data, 0, 7, [1]), [Code.protocolError, Code.streamClosed]),
            ("WINDOW_UPDATE by 0", HTTP2Peer.frame(Kind.windowUpdate, 0, 0, zero4), [Code.protocolError]),
            (
                "a window above 2^31-1", HTTP2Peer.frame(Kind.windowUpdate, 0, 0, [0x7F, 255, 255, 255]),
                [Code.flowControl]
            ),
            ("SETTINGS of 5 bytes", HTTP2Peer.frame(Kind.settings, 0, 0, [0, 1, 0, 0, 0]), [Code.frameSize]),
            ("SETTINGS on a stream", HTTP2Peer.frame(Kind.settings, 0, 1, []), [Code.protocolError]),
            (
                "an initial window above 2^31-1", HTTP2Peer.frame(Kind.settings, 0, 0, [0, 4, 255, 255, 255, 255]),
                [Code.flowControl]
            ),
            ("PING of 7 bytes", HTTP2Peer.frame(Kind.ping, 0, 0, [1, 2, 3, 4, 5, 6, 7]), [Code.frameSize]),
            ("RST_STREAM on an idle stream", HTTP2Peer.frame(Kind.reset, 0, 9, zero4), [Code.protocolError]),
            ("a lone CONTINUATION", HTTP2Peer.frame(Kind.continuation, 4, 1, []), [Code.protocolError]),
            ("PUSH_PROMISE", HTTP2Peer.frame(5, 4, 1, [0, 0, 0, 2]), [Code.protocolError]),
            ("a frame of 16 MiB", [255, 255, 255, 0, 0, 0, 0, 0, 1], [Code.frameSize]),
            (
                "padding longer than the frame", HTTP2Peer.frame(Kind.headers, 4 | 8, 1, [200, 1, 2]),
                [Code.protocolError]
            ),
            (
                "HPACK that isn't", HTTP2Peer.frame(Kind.headers, 5, 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
                [Code.compression, Code.protocolError]
            ),
        ]
        try Self.attack { gateway in
            for (name, bytes, codes) in cases {
                let peer = try HTTP2Peer(port: gateway.port)
                peer.connection.send(bytes)
                let code = try #require(try peer.goAwayCode(), "\(name): no GOAWAY")
                #expect(codes.contains(code), "\(name): \(code)")
                #expect(try peer.next { _ in true } == nil, "\(name): the connection goes on")
            }
        }
    }

    @Test func malformedRequestsLoseTheirStreamOnly() throws {
        let good = [(":method", "GET"), (":scheme", "http"), (":path", "/v2"), (":authority", "a")]
        let cases: [(String, [(String, String)])] = [
            ("a connection field", good + [("connection", "close")]),
            ("upper case", good + [("X-Upper", "1")]),
            ("no method", Array(good.dropFirst())),
            ("no path", good.filter { $0.0 != ":path" }),
            ("two paths", good + [(":path", "/v1")]),
            ("a pseudo field last", good + [("a", "b"), (":x", "y")]),
            ("te that isn't trailers", good + [("te", "gzip")]),
        ]
        try Self.attack { gateway in
            let peer = try HTTP2Peer(port: gateway.port)
            for (index, (name, fields)) in cases.enumerated() {
                let stream = 2 * index + 1
                peer.sendHeaders(HTTP2Peer.block(fields), on: stream, end: true)
                let frame = try peer.next { $0.stream == stream || $0.type == Kind.goAway }
                #expect(frame?.type == Kind.reset, "\(name): \(String(describing: frame?.type))")
            }
            #expect(try peer.isAlive())
        }
    }

    @Test func bodiesThatDontKeepTheirWordAreReset() throws {
        try Self.attack { gateway in
            let peer = try HTTP2Peer(port: gateway.port)
            peer.sendHeaders(HTTP2Peer.request("POST", "/v1/infer/echo", [("content-length", "3")]), on: 1)
            peer.send(Kind.data, HTTP2Peer.endStream, 1, Array("{\"a\": 1}".utf8))
            #expect(try peer.resetCode(of: 1) == Code.protocolError)
            peer.sendHeaders(HTTP2Peer.request("POST", "/v1/infer/echo", [("content-length", "30")]), on: 3)
            peer.send(Kind.data, HTTP2Peer.endStream, 3, Array("{\"a\": 1}".utf8))
            #expect(try peer.resetCode(of: 3) == Code.protocolError)
            #expect(try peer.isAlive())
        }
    }

    @Test func aBodyThatIsTooLargeIsRefusedWithoutBeingRead() throws {
        try Self.attack { gateway in
            let peer = try HTTP2Peer(port: gateway.port)
            peer.sendHeaders(HTTP2Peer.request("POST", "/v1/infer/echo", [("content-length", "9000000")]), on: 1)
            let headers = try #require(try peer.next { $0.stream == 1 && $0.type == Kind.headers })
            #expect(headers.flags & HTTP2Peer.endStream == 0)
            let body = try #require(try peer.next { $0.stream == 1 && $0.type == Kind.data })
            #expect(String(decoding: body.payload, as: UTF8.self).contains("payload_too_large"))
            // Its beginning may have been under way; who goes on sending is told to stop.
            for _ in 0..<4 { peer.send(Kind.data, 0, 1, [UInt8](repeating: 32, count: 16_384)) }
            #expect(try peer.resetCode(of: 1) == Code.none)
            #expect(try peer.isAlive())
        }
    }

    /// A client that never opens its window: its answers wait, its streams are bounded, and in the end it is cut off.
    @Test func aClientThatTakesNothingIsCutOff() throws {
        let gateway = try GatewayFixture(
            Self.echo.replacingOccurrences(of: "max_headers: 8KiB", with: "timeouts: { body: 200ms }"))
        let peer = try HTTP2Peer(port: gateway.port, settings: [0, 4, 0, 0, 0, 0])
        for index in 0..<50 { peer.sendHeaders(HTTP2Peer.request("GET", "/v2"), on: 2 * index + 1, end: true) }
        var cut: Set<Int> = []
        while cut.count < 50, let frame = try peer.next(where: { $0.type == Kind.reset }) {
            #expect(frame.payload == [0, 0, 0, 8])
            cut.insert(frame.stream)
        }
        #expect(cut.count == 50)
        #expect(try peer.isAlive())
    }

    @Test func moreStreamsThanAllowedAreRefused() throws {
        try Self.attack { gateway in
            let peer = try HTTP2Peer(port: gateway.port)
            _ = try peer.isAlive()
            for index in 0..<300 { peer.sendHeaders(HTTP2Peer.request("POST", "/v1/infer/echo"), on: 2 * index + 1) }
            let frame = try peer.next { $0.type == Kind.reset || $0.type == Kind.goAway }
            #expect(frame != nil)
        }
    }

    @Test func randomBytesBehindThePrefaceNeverCrash() throws {
        try Self.attack { gateway in
            var generator = SeededBytes(seed: 9113)
            for _ in 0..<60 {
                let peer = try HTTP2Peer(port: gateway.port)
                for _ in 0..<20 {
                    peer.send(
                        UInt8(generator.next() % 11), UInt8(generator.next() % 64), Int(generator.next() % 8),
                        (0..<(generator.next() % 40)).map { _ in UInt8(generator.next() & 255) })
                }
                peer.connection.finishSending()
                while try peer.next() != nil {}
            }
        }
    }
}

/// A small seeded generator (xorshift), so that a failure can be run again.
struct SeededBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
