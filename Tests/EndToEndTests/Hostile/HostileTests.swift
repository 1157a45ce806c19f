import Foundation
import Testing

/// Malformed requests of every kind: each gets its own 4xx, none a 5xx, and the gate goes on serving.
@Suite(
    .serialized,
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER }
          tight: { address: LISTENER, max_body: 1KiB, max_headers: 2KiB }
        models:
          table:
            plugin: echo
            config: { inputs: [{ name: X, datatype: FP32, shape: [-1, 4] }] }
            inputs: { X: { columns: [a, b, c, d] } }
          ints: { plugin: echo, config: { inputs: [{ name: N, datatype: INT8, shape: [-1, 2] }] } }
          flags: { plugin: echo, config: { inputs: [{ name: F, datatype: BOOL, shape: [-1] }] } }
          words: { plugin: echo, config: { inputs: [{ name: W, datatype: BYTES, shape: [-1] }] } }
          two:
            plugin: echo
            config: { inputs: [{ name: A, datatype: FP32, shape: [-1] }, { name: B, datatype: INT64, shape: [-1] }] }
          any: { plugin: echo }
        auth: none
        """))
struct HostileTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private static let table: [Malformed] =
        headTable + framingTable + targetTable + headerTable + jsonTable + openInferenceTable + binaryTable + csvTable
        + xmlTable + npyTable + rawTable

    @Test func malformedRequestsGetTheirAnswerAndTheGateGoesOn() throws {
        #expect(Self.table.count >= 200)
        #expect(Set(Self.table.map(\.name)).count == Self.table.count, "a name stands twice")
        let healthy = try RawConnection(port: gateway.port)
        var descriptors = 0
        for (number, entry) in Self.table.enumerated() {
            try check(entry)
            // After each the gate still serves, on a connection that was there before it.
            let body = "[[\(number),2,3,4]]"
            healthy.send(
                "POST /v1/infer/table HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            let answer = try healthy.response()
            #expect(answer.status == 200, "after \(entry.name)")
            #expect(answer.text.contains("[[\(number),2,3,4]]"), "after \(entry.name)")
            if number == 0 { descriptors = gateway.openDescriptors }
        }
        #expect(
            eventually { gateway.openDescriptors <= descriptors },
            "\(gateway.openDescriptors) descriptors are open, \(descriptors) were")
        #expect(try gateway.metric("sluice_requests_in_flight") == 1)
        // The metrics are asked for on a connection of its own each time; the last one may still be closing.
        #expect(try eventually { try gateway.metric("sluice_connections") == 2 })
        #expect(!gateway.log.contains("internal_error"))
    }

    private func check(_ entry: Malformed) throws {
        let connection = try RawConnection(port: try #require(gateway.ports[entry.listener]))
        connection.send(entry.bytes)
        let isHead = entry.bytes.starts(with: "HEAD ".utf8)
        let response: Response
        do {
            response = try connection.response(toHead: isHead)
        } catch {
            Issue.record("\(entry.name): \(error)")
            return
        }
        #expect(response.status == entry.status, "\(entry.name): \(response.text)")
        #expect((400...499).contains(response.status), "\(entry.name)")
        if !isHead {
            #expect(response.code == entry.code, "\(entry.name): \(response.text)")
            #expect(response.error?.contains(entry.message) == true, "\(entry.name): \(response.text)")
            #expect(response.json["request_id"] as? String == response.headers["x-request-id"], "\(entry.name)")
        }
        if entry.closes {
            #expect(response.headers["connection"] == "close", "\(entry.name)")
            connection.finishSending()
            #expect(try connection.isClosedByPeer(), "\(entry.name): there was more than one answer")
        }
    }

    /// Bytes that are no HTTP at all, cut and flipped requests: the gate may answer or hang up, but never fails.
    @Test func garbageDoesNoHarm() throws {
        var generator = SeededGenerator(seed: 20_261_125)
        let good = Array(
            ("POST /v1/infer/table HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n9\r\n[[1,2,3,4\r\n2\r\n]]\r\n0\r\n\r\n").utf8)
        for round in 0..<300 {
            var bytes = good + good
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                default: bytes.removeSubrange(place..<min(place + 9, bytes.count))
                }
            }
            let connection = try RawConnection(port: gateway.port)
            connection.send(bytes)
            connection.finishSending()
            while let response = try? connection.response() {
                #expect(response.status < 500, "round \(round): \(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(try gateway.post("/v1/infer/table", "[[1,2,3,4]]").status == 200)
    }

    /// A body that is larger than its listener takes, announced or not, is refused whether or not it comes.
    @Test(arguments: [1025, 300_000, 1 << 33, Int.max])
    func hugeBodiesAreRefused(length: Int) throws {
        let announced = try RawConnection(port: try #require(gateway.ports["tight"]))
        announced.send("POST /v1/infer/any HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
        let response = try announced.response()
        #expect(response.status == 413)
        #expect(response.code == "payload_too_large")
        announced.send([UInt8](repeating: 0x20, count: min(length, 1 << 20)))
        let chunked = try RawConnection(port: try #require(gateway.ports["tight"]))
        chunked.send("POST /v1/infer/any HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunked.send("800\r\n" + String(repeating: " ", count: 2048) + "\r\n")
        #expect(try chunked.response().status == 413)
        #expect(gateway.isRunning)
    }
}

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
