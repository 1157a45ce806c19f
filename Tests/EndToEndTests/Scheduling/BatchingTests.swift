import Foundation
import NIOConcurrencyHelpers
import Testing

/// Requests that wait are joined into one call, and each gets its own part of the answer.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          joins: { plugin: stub_faulty, config: { batching: concat, streams: false, concurrency: 1 } }
          alone: { plugin: stub_faulty, config: { batching: concat, streams: false, concurrency: 1 }, batching: off }
          lists: { plugin: stub_faulty, config: { batching: list, streams: false, concurrency: 1 } }
          failing-lists: { plugin: stub_faulty, config: { batching: list, streams: false, concurrency: 1 } }
          spoilt: { plugin: stub_faulty, config: { batching: concat, streams: false, concurrency: 1, behaviour: fail-negative } }
          effects:
            plugin: stub_faulty
            config: { batching: concat, streams: false, concurrency: 1, behaviour: fail-negative, no_retry: true }
          short: { plugin: stub_faulty, config: { batching: concat, streams: false, concurrency: 1, behaviour: missing-row } }
          ragged:
            plugin: stub_faulty
            config: { batching: concat, streams: false, concurrency: 1 }
            pad: { inputs: { INPUT0: -1 }, trim: { OUTPUT0: INPUT0 } }
          bounded: { plugin: stub_faulty, config: { batching: concat, streams: false, concurrency: 1, max_batch_rows: 4 } }
          busy:
            plugin: stub_faulty
            config: { batching: concat, streams: false, concurrency: 2, behaviour: slow, for: 10ms }
            batching: { max_rows: 16, preferred: [4, 8], max_delay: 2ms }
            queue: 1000
        auth: none
        """))
struct BatchingTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    @Test func whatWaitsGoesTogether() throws {
        var backlog = try Backlog(gateway, model: "joins")
        for index in 1...5 { try backlog.add([[Float(index), 0.5], [Float(index), 0.25]]) }
        for (index, answer) in try backlog.answers().enumerated() {
            #expect(answer.status == 200)
            #expect(answer.told("rows") == 10)
            #expect(answer.shape == [2, 2])
            #expect(answer.values == [Float(index + 1), 0.5, Float(index + 1), 0.25])
        }
        #expect(Backlog.metric("sluice_model_batch_rows_sum", gateway, "joins") == 11)
        #expect(Backlog.metric("sluice_model_batch_rows_count", gateway, "joins") == 2)
    }

    @Test func batchingCanBeTurnedOff() throws {
        var backlog = try Backlog(gateway, model: "alone")
        for index in 1...3 { try backlog.add([[Float(index)]]) }
        for answer in try backlog.answers() { #expect(answer.told("rows") == 1) }
    }

    @Test func modelsThatTakeListsGetThem() throws {
        var backlog = try Backlog(gateway, model: "lists")
        for index in 1...4 { try backlog.add([Array(repeating: Float(index), count: index)]) }
        for (index, answer) in try backlog.answers().enumerated() {
            #expect(answer.told("list") == 4)
            #expect(answer.values == Array(repeating: Float(index + 1), count: index + 1))
        }
    }

    @Test func aListThatFailsAsAWholeIsTriedSingly() throws {
        var backlog = try Backlog(gateway, model: "failing-lists")
        try backlog.add([[1]])
        try backlog.add([[2]], parameters: #""fail_list": true"#)
        let answers = try backlog.answers()
        #expect(answers.map(\.status) == [200, 200])
        #expect(answers.map { $0.told("list") } == [1, 1])
        #expect(answers.map(\.values) == [[1], [2]])
    }

    @Test func oneBadRequestDoesNotSpoilItsNeighbours() throws {
        var backlog = try Backlog(gateway, model: "spoilt")
        for value in [1, -2, 3] as [Float] { try backlog.add([[value]]) }
        let answers = try backlog.answers()
        #expect(answers.map(\.status) == [200, 500, 200])
        #expect(answers[1].code == "model_failed")
        #expect(answers[0].values == [1] && answers[2].values == [3])
        #expect(Backlog.metric("sluice_model_retries_total", gateway, "spoilt") == 3)
    }

    @Test func aModelWithEffectsIsNeverAskedTwice() throws {
        var backlog = try Backlog(gateway, model: "effects")
        for value in [1, -2] as [Float] { try backlog.add([[value]]) }
        #expect(try backlog.answers().map(\.status) == [500, 500])
    }

    @Test func aWrongNumberOfRowsBreaksTheContract() throws {
        var backlog = try Backlog(gateway, model: "short")
        for value in [1, 2] as [Float] { try backlog.add([[value]]) }
        // Each by itself is answered rightly.
        #expect(try backlog.answers().map(\.values) == [[1], [2]])
        #expect(Backlog.metric("sluice_plugin_contract_violations_total", gateway, "short") == 1)
    }

    @Test func raggedRequestsShareACall() throws {
        var backlog = try Backlog(gateway, model: "ragged")
        try backlog.add([[1, 2, 3]])
        try backlog.add([[4]])
        let answers = try backlog.answers()
        #expect(answers.map { $0.told("rows") } == [2, 2])
        #expect(answers.map(\.values) == [[1, 2, 3], [4]])
    }

    @Test func moreRowsThanTheModelTakesAreRefused() throws {
        let connection = try RawConnection(port: gateway.port)
        connection.send(Backlog.request("bounded", rows: [[1], [2], [3], [4], [5]]))
        let refused = try connection.response()
        #expect(refused.status == 400 && refused.code == "invalid_input")
        #expect(refused.error == #"the request has 5 rows, but model "bounded" takes at most 4 at once"#)
        connection.send(Backlog.request("bounded", rows: [[1], [2], [3], [4]]))
        #expect(try connection.response().status == 200)
    }

    @Test func everybodyGetsTheirOwnAnswerUnderLoad() {
        let port = gateway.port
        let faults = NIOLockedValueBox<[String]>([])
        let joined = NIOLockedValueBox(0)
        let clients = DispatchGroup()
        for client in 0..<24 {
            clients.enter()
            Thread {
                defer { clients.leave() }
                do {
                    let connection = try RawConnection(port: port)
                    for round in 0..<20 {
                        let rows = (0...(round % 3)).map { [Float(client), Float(round), Float($0)] }
                        connection.send(Backlog.request("busy", rows: rows))
                        let answer = try connection.response()
                        if answer.values != rows.flatMap({ $0 }) {
                            faults.withLockedValue { $0.append("\(rows): \(answer.text)") }
                        }
                        if (answer.told("rows") ?? 0) > rows.count { joined.withLockedValue { $0 += 1 } }
                    }
                } catch {
                    faults.withLockedValue { $0.append("\(error)") }
                }
            }.start()
        }
        clients.wait()
        #expect(faults.withLockedValue { $0 } == [])
        #expect(joined.withLockedValue { $0 } > 100, "most were joined")
    }
}
