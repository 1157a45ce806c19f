import Foundation
import Testing

/// Clients that are slow, silent, too many, or gone.
@Suite(
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER, max_body: 64MiB }
          hasty: { address: LISTENER, timeouts: { headers: 200ms, body: 200ms } }
          brief: { address: LISTENER, timeouts: { idle: 200ms } }
          narrow: { address: LISTENER, max_connections: 3 }
        models:
          hang: { plugin: stub_faulty, config: { behaviour: hang, for: 30s, concurrency: 2 } }
          stream: { plugin: stub_faulty, config: { behaviour: stream-until-cancelled, for: 30s } }
          parts: { plugin: stub_faulty, config: { behaviour: stream, parts: 5 } }
          echo: { plugin: echo }
        auth: none
        max_inflight: 1MiB
        """))
struct PatienceTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func connect(_ listener: String = "public") throws -> RawConnection {
        try RawConnection(port: try #require(gateway.ports[listener]))
    }

    private func failures(_ model: String, _ code: String) throws -> Double {
        try gateway.metric("sluice_model_failures_total{model=\"\(model)\",code=\"\(code)\"}")
    }

    @Test func aSilentConnectionIsClosedWithoutAWord() throws {
        #expect(try connect("brief").isClosedByPeer())
        // Between two requests too, but for a client so slow that its first one comes too late.
        #expect(
            try eventually {
                let used = try connect("brief")
                used.send("GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n")
                guard let response = try? used.response() else { return false }
                return try response.status == 200 && used.isClosedByPeer()
            })
    }

    @Test(arguments: ["G", "GET /v2 HTTP/1.1\r\n", "GET /v2 HTTP/1.1\r\nHost: a\r\nX-Slow: "])
    func aSlowHeadIsRefused(start: String) throws {
        let connection = try connect("hasty")
        connection.send(start)
        let response = try connection.response()
        #expect(response.status == 408)
        #expect(response.code == "request_timeout")
        #expect(response.error == "the request's headers took too long")
        #expect(try connection.isClosedByPeer())
    }

    /// Dripping bytes doesn't buy time.
    @Test func aDrippingHeadIsRefused() throws {
        let connection = try connect("hasty")
        connection.send("GET /v2 HTTP/1.1\r\nHost: a\r\n")
        let dripping = Thread {
            for _ in 0..<400 {
                connection.send("x")
                usleep(5000)
            }
        }
        dripping.start()
        #expect(try connection.response().status == 408)
    }

    @Test(arguments: ["Content-Length: 10\r\n\r\n[[1", "Transfer-Encoding: chunked\r\n\r\n3\r\n[[1\r\n"])
    func aSlowBodyIsRefused(rest: String) throws {
        let connection = try connect("hasty")
        connection.send("POST /v1/infer/echo HTTP/1.1\r\nHost: a\r\n" + rest)
        let response = try connection.response()
        #expect(response.status == 408)
        #expect(response.error == "the request's body stopped coming")
        #expect(try connection.isClosedByPeer())
    }

    @Test func moreConnectionsThanAllowedAreTurnedAway() throws {
        var open = try (0..<3).map { _ in try connect("narrow") }
        for connection in open {
            connection.send("GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try connection.response().status == 200)
        }
        let refused = try connect("narrow").response()
        #expect(refused.status == 503)
        #expect(refused.code == "overloaded")
        #expect(refused.headers["retry-after"] == "1")
        open.removeLast()
        #expect(
            try eventually {
                let connection = try connect("narrow")
                connection.send("GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n")
                return try connection.response().status == 200
            })
    }

    /// A body that all connections together have no room for is refused, and room comes back with each answer.
    @Test func bodiesInFlightAreBounded() throws {
        let connection = try connect()
        connection.send("POST /v1/infer/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2097152\r\n\r\n[[1,")
        let refused = try connection.response()
        #expect(refused.status == 503)
        #expect(refused.code == "overloaded")
        #expect(refused.headers["retry-after"] == "1")
        #expect(try connection.isClosedByPeer())
        let body = "[[1" + String(repeating: " ", count: 700_000) + "]]"
        // A body's room is given back just after its answer.
        for _ in 0..<3 { #expect(try eventually { try gateway.post("/v1/infer/echo", body).status == 200 }) }
    }

    @Test func aClientThatGoesAwayCancels() throws {
        let before = try failures("hang", "cancelled")
        do {
            let connection = try connect()
            connection.send("POST /v1/infer/hang HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n[[1]]")
            #expect(try eventually { try gateway.metric("sluice_requests_in_flight") >= 1 })
        }
        #expect(try eventually { try failures("hang", "cancelled") == before + 1 })
    }

    @Test func partsComeAsLines() throws {
        let response = try gateway.post(
            "/v1/infer/parts", "[[1,2]]", headers: ["Accept": "application/x-ndjson"])
        #expect(response.status == 200)
        #expect(response.headers["transfer-encoding"] == "chunked")
        let lines = response.text.split(separator: "\n")
        #expect(lines.count == 6)
        for line in lines {
            let part = Response(status: 200, headers: [:], body: Array(line.utf8))
            #expect((part.json["outputs"] as? [String: [[Double]]])?["OUTPUT0"] == [[1, 2]], "\(line)")
        }
    }

    @Test func partsForOldHTTPEndWithTheConnection() throws {
        let connection = try connect()
        connection.send(
            "POST /v1/infer/parts HTTP/1.0\r\nAccept: application/x-ndjson\r\nConnection: keep-alive\r\n"
                + "Content-Length: 7\r\n\r\n[[1,2]]")
        let response = try connection.response()
        #expect(response.headers["transfer-encoding"] == nil)
        #expect(response.headers["connection"] == "close")
        #expect(response.text.split(separator: "\n").count == 6)
    }

    @Test func partsNeedAClientThatTakesLines() throws {
        let response = try gateway.post("/v1/infer/parts", "[[1,2]]")
        #expect(response.status == 406)
        #expect(response.error?.contains("application/x-ndjson") == true)
    }

    /// A client that doesn't read holds the model back, and the gate's memory stays where it is.
    @Test func aStreamWaitsForItsReader() throws {
        let connection = try connect()
        let row = Array(repeating: "1.25", count: 20_000).joined(separator: ",")
        connection.send(
            "POST /v1/infer/stream HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n"
                + "Content-Length: \(row.utf8.count + 4)\r\n\r\n[[\(row)]]")
        #expect(try connection.response(toHead: true).status == 200)
        #expect(String(decoding: try connection.chunk(), as: UTF8.self).hasSuffix("\n"))
        // Until the client reads on, what the gate holds doesn't grow: a few parts wait in it and in the sockets.
        var last = -1.0
        #expect(
            try eventually {
                let now = try gateway.metric("process_cpu_seconds_total")
                defer { last = now }
                return now - last < 0.02
            }, "the gate goes on working for a client that doesn't read")
        #expect(try gateway.metric("process_resident_memory_bytes") < 600e6)
        for _ in 0..<50 { #expect(try connection.chunk().count > 100_000) }
        let before = try failures("stream", "cancelled")
        _ = consume connection
        #expect(try eventually { try failures("stream", "cancelled") == before + 1 })
    }
}
