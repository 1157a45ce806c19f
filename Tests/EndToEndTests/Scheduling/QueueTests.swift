import Foundation
import Testing

/// Who waits for a model, in which order, and what those are told that don't get in.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          shared: { plugin: stub_faulty, config: { concurrency: 1 }, queue: 100 }
          left: { plugin: stub_faulty, config: { concurrency: 1 } }
          narrow: { plugin: stub_faulty, config: { concurrency: 1 }, queue: 4 }
          urgent: { plugin: stub_faulty, config: { concurrency: 1 }, priorities: { levels: 3 } }
          brief: { plugin: stub_faulty, config: { concurrency: 1 } }
          stateful: { plugin: stub_faulty, config: { sequences: true, concurrency: 2 }, instances: 2 }
        auth: api_keys
        consumers:
          noisy:
            keys: [{ id: n, hash: "sha256:\(PlantedKey.acme.hash)" }]
            allow: { models: ["*"] }
          quiet:
            keys: [{ id: q, hash: "sha256:\(PlantedKey.five.hash)" }]
            allow: { models: ["*"] }
        routes:
          - { match: { model: shared }, send: shared }
          - { match: { model: left }, send: left }
          - { match: { model: narrow }, send: narrow }
          - { match: { model: urgent }, send: urgent }
          - { match: { model: brief }, send: brief, deadline: 10s }
          - { match: { model: stateful }, send: stateful }
        """))
struct QueueTests {
    static let noisy = PlantedKey.acme.text
    static let quiet = PlantedKey.five.text

    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    @Test func aNoisyConsumerDoesNotHoldUpAQuietOne() throws {
        var backlog = try Backlog(gateway, model: "shared", milliseconds: 2_000, key: Self.noisy)
        for _ in 0..<20 { try backlog.add([[1]], key: Self.noisy) }
        try backlog.add([[2]], key: Self.quiet)
        let answers = try backlog.answers()
        let calls = try #require(answers.last?.told("calls"))
        #expect(calls <= 3, "it came last, and went after one of the noisy ones at most")
        #expect(answers.allSatisfy { $0.status == 200 })
    }

    @Test func aFullQueueTellsWhenToComeBack() throws {
        var backlog = try Backlog(gateway, model: "narrow", key: Self.noisy)
        for _ in 0..<4 { try backlog.add([[1]], key: Self.noisy) }
        let full = try backlog.send([[1]], key: Self.noisy).response()
        #expect(full.status == 503 && full.code == "overloaded")
        #expect((1...60).contains(try #require(full.headers["retry-after"].flatMap { Int($0) })))

        // A consumer with less than its share takes the place of the last one of who has more.
        let quiet = try backlog.send([[2]], key: Self.quiet)
        let displaced = try backlog.earlyAnswer(to: 3)
        #expect(displaced.status == 429 && displaced.code == "too_many_requests")
        let after = try backlog.send([[1]], key: Self.noisy).response()
        #expect(after.status == 429 && after.code == "too_many_requests")
        for refused in [displaced, after] { #expect(refused.headers["retry-after"] != nil) }
        #expect(try backlog.answers().map(\.status) == [200, 200, 200])
        #expect(try quiet.response().status == 200)
    }

    @Test func urgentRequestsGoFirst() throws {
        var backlog = try Backlog(gateway, model: "urgent", key: Self.quiet)
        for _ in 0..<3 { try backlog.add([[3]], key: Self.quiet) }
        try backlog.add([[2]], key: Self.quiet, parameters: #""priority": 2"#)
        try backlog.add([[1]], key: Self.quiet, parameters: #""priority": 1"#)
        let calls = try backlog.answers().compactMap { $0.told("calls") }
        #expect(calls == [4, 5, 6, 3, 2])
    }

    @Test func anExpiredRequestNeverReachesTheModelAndIsToldInTime() throws {
        var backlog = try Backlog(gateway, model: "brief", milliseconds: 2_000, key: Self.quiet)
        let start = Date()
        // Microseconds, as the protocol has it.
        let late = try backlog.send([[1]], key: Self.quiet, parameters: #""timeout": 100000"#).response()
        #expect(late.status == 504 && late.code == "deadline_exceeded")
        #expect(Date().timeIntervalSince(start) < 1.5, "it did not wait for the model")
        try backlog.add([[2]], key: Self.quiet)
        #expect(try backlog.answers().map { $0.told("calls") } == [2])
    }

    @Test func whoHangsUpWhileWaitingNeverReachesTheModel() throws {
        var backlog = try Backlog(gateway, model: "left", key: Self.quiet)
        // The connection ends with its only reference.
        do { _ = try backlog.send([[1]], key: Self.quiet) }
        try backlog.add([[2]], key: Self.quiet)
        let counted = Backlog.metric("sluice_model_queue_seconds_count", gateway, "left")
        #expect(try backlog.answers().map(\.status) == [200])
        #expect(Backlog.metric("sluice_model_queue_seconds_count", gateway, "left") == counted + 1)
    }

    @Test func sequencesStayWithTheirInstance() throws {
        func step(_ id: Int, _ more: String = "") throws -> Response {
            let connection = try RawConnection(port: gateway.port)
            connection.send(
                Backlog.request("stateful", rows: [[1]], key: Self.quiet, parameters: #""sequence_id": \#(id)\#(more)"#)
            )
            return try connection.response()
        }
        let starts = try (1...4).map { try step($0, #", "sequence_start": true"#).told("instance") }
        #expect(Set(starts).count == 2, "new sequences are shared out: \(starts)")
        for _ in 0..<3 { #expect(try (1...4).map { try step($0).told("instance") } == starts) }
        #expect(try step(1, #", "sequence_end": true"#).told("instance") == starts[0])
        let over = try step(1)
        #expect(over.status == 400 && over.code == "invalid_parameter")
        #expect(over.error?.contains("sequence_start") == true)
    }
}
