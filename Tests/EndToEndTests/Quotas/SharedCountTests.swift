import Crypto
import Foundation
import NIOConcurrencyHelpers
import Testing

/// Three gateways and one Redis server: together they admit what the quotas give, no more and hardly less.
///
/// Four seconds and 20 consumers; `SLUICE_HAMMER_SECONDS=60` is the full run, with 200.
@Suite(.serialized) struct SharedCountTests {
    private static let perSecond = 2
    private static let burst = 60
    /// 5 % of `burst`: what each gateway may hold ready.
    private static let lease = 3
    private static let gateways = 3

    private static func key(_ number: Int) -> String { "slk_c\(number)_key-of-the-shared-count-tests" }

    private static func yaml(redis port: Int, consumers: Int) -> String {
        var text = """
            version: 1
            listeners:
              public: { address: LISTENER }
              ops: { address: LISTENER, serves: [admin, metrics] }
            models: { echo: { plugin: echo } }
            auth: api_keys
            limits:
              fair: [{ count: requests, max: \(perSecond)/s, burst: \(burst), store: shared }]
              all: [{ count: requests, max: 1000000/month, window: calendar, store: shared }]
            global_limits: all
            stores: { shared: { kind: redis, url: "redis://127.0.0.1:\(port)", timeout: 5s, if_down: deny } }
            observability: { access_log: none }
            consumers:\n
            """
        for number in 0..<consumers {
            let digits = SHA256.hash(data: Data(key(number).utf8)).map { String(format: "%02x", $0) }.joined()
            text += "  c\(number): { keys: [{ id: c\(number), hash: \"sha256:\(digits)\" }], "
            text += "allow: { models: [\"*\"] }, limits: [fair] }\n"
        }
        return text
    }

    private struct Seen: Sendable {
        var admitted: [Int]
        var refused = 0
        var others: [Int: Int] = [:]
        var longest: UInt64 = 0
    }

    /// Sends requests of all consumers in turn, some at a time, until the end; what came of them.
    private static func hammer(
        _ gateways: [GatewayFixture], consumers: Int, until end: UInt64
    ) -> Seen {
        let seen = NIOLockedValueBox(Seen(admitted: Array(repeating: 0, count: consumers)))
        let group = DispatchGroup()
        let body = "[[1]]"
        let requests = (0..<consumers).map { number in
            Array(
                ("POST /v1/infer/echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(key(number))\r\n"
                    + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
        }
        for (place, gateway) in gateways.enumerated() {
            for thread in 0..<2 {
                group.enter()
                Thread {
                    defer { group.leave() }
                    guard let connection = try? RawConnection(port: gateway.port) else { return }
                    var own = Seen(admitted: Array(repeating: 0, count: consumers))
                    // Everybody begins somewhere else, so that the gateways meet each consumer in another order.
                    var next = (place * 2 + thread) * consumers / 6
                    while DispatchTime.now().uptimeNanoseconds < end {
                        let number = next % consumers
                        next += 1
                        let start = DispatchTime.now().uptimeNanoseconds
                        connection.send(requests[number])
                        guard let response = try? connection.response() else {
                            own.others[0, default: 0] += 1
                            break
                        }
                        own.longest = max(own.longest, DispatchTime.now().uptimeNanoseconds - start)
                        switch response.status {
                        case 200: own.admitted[number] += 1
                        case 429: own.refused += 1
                        default: own.others[response.status, default: 0] += 1
                        }
                    }
                    seen.withLockedValue { all in
                        for number in own.admitted.indices { all.admitted[number] += own.admitted[number] }
                        all.refused += own.refused
                        all.others.merge(own.others) { $0 + $1 }
                        all.longest = max(all.longest, own.longest)
                    }
                }.start()
            }
        }
        group.wait()
        return seen.withLockedValue { $0 }
    }

    @Test func whatIsAdmittedIsWhatTheQuotasGive() throws {
        let full = ProcessInfo.processInfo.environment["SLUICE_HAMMER_SECONDS"].flatMap { UInt64($0) }
        let (seconds, consumers) = (full ?? 6, full == nil ? 20 : 200)
        let redis = try RedisServer()
        let yaml = Self.yaml(redis: redis.port, consumers: consumers)
        let gateways = try (0..<Self.gateways).map { _ in try GatewayFixture(yaml) }

        let start = DispatchTime.now().uptimeNanoseconds
        let seen = Self.hammer(gateways, consumers: consumers, until: start + seconds * 1_000_000_000)
        let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9

        #expect(seen.others.isEmpty, "\(seen.others)")
        let given = Double(Self.burst) + elapsed * Double(Self.perSecond)
        let bound = Double(Self.gateways * Self.lease)
        for (number, admitted) in seen.admitted.enumerated() {
            #expect(Double(admitted) <= given + bound + 1, "consumer \(number)")
        }
        let total = Double(seen.admitted.reduce(0, +))
        let all = given * Double(consumers)
        print(
            "\(seconds) s, \(consumers) consumers, \(Self.gateways) gateways: \(Int(total)) admitted of \(Int(all)) (\(total / all)), "
                + "\(seen.refused) refused; a consumer got \(seen.admitted.min() ?? 0) to \(seen.admitted.max() ?? 0) of "
                + "\(given); the longest answer took \(seen.longest / 1_000_000) ms")
        #expect(total <= all + bound * Double(consumers))
        #expect(total >= 0.98 * all, "demand sufficed: \(seen.refused) were refused")

        // Each of the two quotas has counted every request, wherever it went: all but what is held ready.
        let answer = try gateways[0].get("/admin/usage", port: gateways[0].ports["ops"])
        #expect(answer.status == 200)
        for gateway in gateways {
            gateway.terminate()
            #expect(gateway.waitForExit() == 0)
        }
        // What was held ready has been given back at the end: the server's count is exact.
        let keys = try redis.command("KEYS", "sluice:quota:global/*")
        #expect(keys.hasPrefix("*1"))
    }
}
