import Foundation
import Testing

/// How one connection lives: what keeps it open, what closes it, in what order answers come.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          echo: { plugin: echo }
          slow: { plugin: stub_faulty, config: { behaviour: slow, for: 50ms } }
        auth: none
        """))
struct ConnectionTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func request(_ model: String, _ body: String, version: String = "1.1", headers: String = "") -> String {
        "POST /v1/infer/\(model) HTTP/\(version)\r\nHost: a\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func value(_ response: Response) -> Double? {
        (response.json["outputs"] as? [String: [[Double]]])?["OUTPUT0"]?.first?.first
    }

    @Test func aConnectionServesManyRequests() throws {
        let connection = try RawConnection(port: gateway.port)
        for number in 0..<20 {
            connection.send(request("echo", "[[\(number)]]"))
            let response = try connection.response()
            #expect(value(response) == Double(number))
            #expect(response.headers["connection"] == nil)
        }
    }

    /// A quick model's answers and a slow one's: in the order of their requests all the same.
    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        let connection = try RawConnection(port: gateway.port)
        let requests = (0..<60).map { request($0 % 20 == 0 ? "slow" : "echo", "[[\($0)]]") }
        connection.send(requests.joined() + "GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n")
        for number in 0..<60 { #expect(value(try connection.response()) == Double(number)) }
        #expect(try connection.response().json["name"] as? String == "sluice")
    }

    /// They are read while the one before them is answered, some of them, and the last of those only in part.
    @Test func requestsMayComeWhileOneIsAnswered() throws {
        let connection = try RawConnection(port: gateway.port)
        for round in 0..<3 {
            connection.send(request("slow", "[[\(round)]]"))
            for number in 1..<50 { connection.send(request("echo", "[[\(number)]]")) }
            let last = Array(request("echo", "[[50]]").utf8)
            connection.send(Array(last[..<40]))
            #expect(value(try connection.response()) == Double(round))
            connection.send(Array(last[40...]))
            for number in 1...50 { #expect(value(try connection.response()) == Double(number)) }
        }
    }

    @Test func requestsMayComeByteByByte() throws {
        let connection = try RawConnection(port: gateway.port)
        for number in [1, 2] {
            for byte in request("echo", "[[\(number)]]").utf8 { connection.send([byte]) }
            #expect(value(try connection.response()) == Double(number))
        }
    }

    @Test func chunkedBodiesAreUnderstood() throws {
        let connection = try RawConnection(port: gateway.port)
        let head = "POST /v1/infer/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.send(head + "2\r\n[[\r\n3;a=b\r\n1,2\r\n002\r\n]]\r\n0\r\nTrailer: x\r\n\r\n")
        #expect((try connection.response().json["outputs"] as? [String: [[Double]]])?["OUTPUT0"] == [[1, 2]])
        connection.send(request("echo", "[[3]]"))
        #expect(value(try connection.response()) == 3)
    }

    @Test func connectionCloseIsKept() throws {
        let connection = try RawConnection(port: gateway.port)
        connection.send(request("echo", "[[1]]", headers: "Connection: close\r\n"))
        let response = try connection.response()
        #expect(value(response) == 1)
        #expect(response.headers["connection"] == "close")
        #expect(try connection.isClosedByPeer())
    }

    /// What follows the last request of a connection is none, however much it looks like one.
    @Test(arguments: ["echo", "slow", "none"])
    func nothingIsARequestBehindConnectionClose(model: String) throws {
        let series = #"sluice_requests_total{route="echo",model="echo",code="ok"}"#
        let before = model == "slow" ? try gateway.metric(series) : 0
        let connection = try RawConnection(port: gateway.port)
        connection.send(
            request(model, "[[1]]", headers: "Connection: close\r\n") + request("echo", "[[2]]")
                + request("echo", "[[3]]"))
        #expect(try connection.response().headers["connection"] == "close")
        #expect(try connection.isClosedByPeer())
        if model == "slow" { #expect(try gateway.metric(series) >= before) }
    }

    @Test func oldHTTPClosesUnlessAskedNotTo() throws {
        let closing = try RawConnection(port: gateway.port)
        closing.send("GET /v2/health/live HTTP/1.0\r\n\r\n")
        let response = try closing.response()
        #expect(response.status == 200)
        #expect(response.headers["connection"] == "close")
        #expect(try closing.isClosedByPeer())
        let keeping = try RawConnection(port: gateway.port)
        for _ in 0..<2 {
            keeping.send(request("echo", "[[1]]", version: "1.0", headers: "Connection: keep-alive\r\n"))
            let response = try keeping.response()
            #expect(response.headers["connection"] == "keep-alive")
            #expect(value(response) == 1)
        }
    }

    @Test func headAnswersWithoutABody() throws {
        let connection = try RawConnection(port: gateway.port)
        connection.send("HEAD /v2 HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try connection.response(toHead: true)
        let get = try gateway.get("/v2")
        #expect(head.status == 200)
        #expect(head.headers["content-length"] == "\(get.body.count)")
        connection.send("HEAD /v1/infer/echo HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try connection.response(toHead: true).status == 405)
        connection.send(request("echo", "[[1]]"))
        #expect(value(try connection.response()) == 1)
    }

    @Test func continueIsSaidBeforeTheBody() throws {
        let connection = try RawConnection(port: gateway.port)
        for number in [1, 2] {
            connection.send(
                "POST /v1/infer/echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            #expect(try connection.response(skipInformational: false).status == 100)
            connection.send("[[\(number)]]")
            #expect(value(try connection.response(skipInformational: false)) == Double(number))
        }
    }

    @Test func aBodyThatCameAlreadyNeedsNoContinue() throws {
        let connection = try RawConnection(port: gateway.port)
        connection.send(request("echo", "[[1]]", headers: "Expect: 100-continue\r\n"))
        #expect(value(try connection.response()) == 1)
    }

    @Test func aRefusedBodyIsReadToItsEndAndTheConnectionLivesOn() throws {
        let connection = try RawConnection(port: gateway.port)
        connection.send(request("none", String(repeating: "x", count: 100_000)) + request("echo", "[[2]]"))
        #expect(try connection.response().status == 404)
        #expect(value(try connection.response()) == 2)
    }

    /// Refused before its body is read, though that is there already.
    @Test func aShortBodyThatIsRefusedIsNoRequest() throws {
        let connection = try RawConnection(port: gateway.port)
        let inside = "GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n"
        connection.send(request("none", inside) + request("echo", "[[2]]") + request("none", inside))
        #expect(try connection.response().status == 404)
        #expect(value(try connection.response()) == 2)
        #expect(try connection.response().status == 404)
    }

    /// As `nc -N` does: the end may come in with the request.
    @Test(arguments: 1...20)
    func aClientThatHasSaidAllIsAnswered(_: Int) throws {
        let connection = try RawConnection(port: gateway.port)
        connection.send(request("echo", "[[1]]"))
        connection.finishSending()
        #expect(value(try connection.response()) == 1)
        #expect(try connection.isClosedByPeer())
    }

    @Test func absoluteTargetsAreUnderstood() throws {
        for target in ["http://a:1/v2/health/live", "HTTP://a/v2/health/live", "https://a/v2/health/live"] {
            let connection = try RawConnection(port: gateway.port)
            connection.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try connection.response().status == 200, "\(target)")
        }
    }

    @Test func manyConnectionsAreServedSideBySide() throws {
        let connections = try (0..<100).map { _ in try RawConnection(port: gateway.port) }
        for (number, connection) in connections.enumerated() { connection.send(request("echo", "[[\(number)]]")) }
        for (number, connection) in connections.enumerated() {
            #expect(value(try connection.response()) == Double(number))
        }
    }
}
