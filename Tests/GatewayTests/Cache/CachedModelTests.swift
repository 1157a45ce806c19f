@testable import Gateway
import Configuration
import NIOConcurrencyHelpers
import PluginHost
import Telemetry
import Tensors
import Testing

@Suite struct CachedModelTests {
    let caller = Caller()
    let hits = Counter()
    let misses = Counter()

    private func cached(_ model: FakeModel, size: Int = 1 << 20, age: Duration = .seconds(60)) -> CachedModel {
        CachedModel(CacheConfiguration(size: size, age: age), hits: hits, misses: misses) { call, _ in
            model.infer(call)
        }
    }

    @Test func equalRequestsAreAnsweredOnce() throws {
        let model = FakeModel { $0.echo() }
        let cached = cached(model)
        cached.submit(try caller.call("a", rows: [1, 2]), consumer: 0)
        cached.submit(try caller.call("b", rows: [1, 2]), consumer: 0)
        let traced = Envelope.Parameter("traceparent", .string("00-2-2-01"))
        cached.submit(try caller.call("c", rows: [1, 2], parameters: [traced]), consumer: 0)
        #expect(try caller.part("a").cache == .miss)
        #expect(try caller.part("b").cache == .hit)
        #expect(try caller.part("c").cache == .hit)
        #expect(try caller.rows("c") == [1, 2])
        #expect(model.calls.withLockedValue { $0.count } == 1)
        #expect((hits.value, misses.value) == (2, 1))
    }

    @Test func anythingThatAnAnswerMayDependOnMakesADifference() throws {
        let model = FakeModel { $0.echo() }
        let cached = cached(model)
        cached.submit(try caller.call("plain", rows: [1]), consumer: 0)
        cached.submit(try caller.call("values", rows: [2]), consumer: 0)
        cached.submit(try caller.call("rows", rows: [1, 1]), consumer: 0)
        cached.submit(try caller.call("wanted", rows: [1], wanted: ["y"]), consumer: 0)
        cached.submit(try caller.call("parameter", rows: [1], parameters: [.init("k", .integer(1))]), consumer: 0)
        cached.submit(try caller.call("another", rows: [1], parameters: [.init("k1", .string(""))]), consumer: 0)
        let words = try [["ab", "c"], ["a", "bc"]].map { try Tensor(name: "x", shape: [2], strings: $0) }
        cached.submit(caller.make(Envelope(id: "text", inputs: [words[0]])), consumer: 0)
        cached.submit(caller.make(Envelope(id: "texts", inputs: [words[1]])), consumer: 0)
        #expect((hits.value, misses.value) == (0, 8))
    }

    @Test func equalRequestsAtTheSameTimeWaitForTheFirst() throws {
        let held = NIOLockedValueBox<InferenceCall?>(nil)
        let model = FakeModel { call in held.withLockedValue { $0 = call } }
        let cached = cached(model)
        for id in ["a", "b", "c"] { cached.submit(try caller.call(id, rows: [7]), consumer: 0) }
        #expect(model.calls.withLockedValue { $0.count } == 1)
        #expect(caller.order.isEmpty)
        held.withLockedValue { $0 }?.echo()
        #expect(caller.order == ["a", "b", "c"])
        #expect(try caller.rows("c") == [7])
        #expect(try caller.part("b").cache == .hit)
    }

    @Test func aFailureIsNotKeptAndNotHandedOn() throws {
        let held = NIOLockedValueBox<[InferenceCall]>([])
        let model = FakeModel { call in held.withLockedValue { $0.append(call) } }
        let cached = cached(model)
        for id in ["a", "b", "c"] { cached.submit(try caller.call(id, rows: [7]), consumer: 0) }
        held.withLockedValue { $0[0] }.deliver(.failure(SluiceError(.modelFailed, "once")))
        #expect(caller.order == ["a"], "the others go on waiting")
        #expect(held.withLockedValue { $0.count } == 2, "the next one leads")
        held.withLockedValue { $0[1] }.echo()
        #expect(caller.order == ["a", "b", "c"])
        #expect(try caller.part("a").error?.code == .modelFailed)
        #expect(try caller.rows("b") == [7])
        #expect(try caller.part("b").cache == .miss)
        #expect(try caller.part("c").cache == .hit)
    }

    @Test func whoeverWaitsKeepsItsOwnDeadline() throws {
        let held = NIOLockedValueBox<[InferenceCall]>([])
        let model = FakeModel { call in held.withLockedValue { $0.append(call) } }
        let cached = cached(model)
        let calls = try ["a", "b", "c"].map { try caller.call($0, rows: [7]) }
        for call in calls { cached.submit(call, consumer: 0) }
        calls[1].abandon(SluiceError(.deadlineExceeded, "too late"))
        #expect(caller.order == ["b"])
        // The leader leaves: its call is ended, and the one that still waits leads.
        calls[0].abandon(SluiceError(.cancelled, "gone"))
        #expect(caller.order == ["b", "a"])
        #expect(held.withLockedValue { $0[0] }.isFinished)
        #expect(held.withLockedValue { $0.count } == 2)
        held.withLockedValue { $0[1] }.echo()
        #expect(try caller.rows("c") == [7])
    }

    @Test func requestsOfSequencesGoPast() throws {
        let model = FakeModel { $0.echo() }
        let cached = cached(model)
        let sequence = Envelope.Sequence(id: "s", isStart: true, isEnd: false)
        for id in ["a", "b"] { cached.submit(try caller.call(id, rows: [1], sequence: sequence), consumer: 0) }
        #expect(model.calls.withLockedValue { $0.count } == 2)
        #expect(try caller.part("a").cache == nil)
    }
}
