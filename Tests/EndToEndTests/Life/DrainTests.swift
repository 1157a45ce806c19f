import Foundation
import Testing

/// SIGTERM: what is under way finishes, nothing new begins, and the process ends with 0.
struct DrainTests {
    private func gateway(drain: String) throws -> GatewayFixture {
        try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            models:
              slow: { plugin: stub_faulty, config: { behaviour: slow, for: 300ms } }
              hang: { plugin: stub_faulty, config: { behaviour: hang, for: 30s } }
            auth: none
            drain: \(drain)
            """)
    }

    private func begin(_ model: String, at gateway: GatewayFixture) throws -> RawConnection {
        let connection = try RawConnection(port: gateway.port)
        connection.send("POST /v1/infer/\(model) HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n[[1,2]]")
        #expect(try eventually { try gateway.metric("sluice_requests_in_flight") >= 2 })
        return connection
    }

    @Test func aRequestUnderWayFinishes() throws {
        let gateway = try gateway(drain: "20s")
        let idle = try RawConnection(port: gateway.port)
        let connection = try begin("slow", at: gateway)
        gateway.terminate()
        let response = try connection.response()
        #expect(response.status == 200)
        #expect(response.headers["connection"] == "close")
        #expect(try connection.isClosedByPeer())
        #expect(try idle.isClosedByPeer())
        #expect(gateway.waitForExit() == 0)
        #expect(gateway.log.contains(#""message":"stopped""#))
        #expect(gateway.accessLog.contains(#""path":"/v1/infer/slow","status":200"#))
        #expect(throws: RawConnection.Failure.self) { try RawConnection(port: gateway.port) }
    }

    @Test func whatTakesTooLongIsCut() throws {
        let gateway = try gateway(drain: "200ms")
        let connection = try begin("hang", at: gateway)
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        #expect(try connection.isClosedByPeer())
        #expect(gateway.log.contains("connections closed before their answer"))
    }
}
