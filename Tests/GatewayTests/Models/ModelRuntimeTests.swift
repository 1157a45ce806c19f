@testable import Gateway
import Configuration
import Glibc
import NIOConcurrencyHelpers
import PluginHost
import Telemetry
import Tensors
import Testing

@Suite struct ModelRuntimeTests {
    let caller = Caller()
    let metrics = GatewayMetrics(version: "test")
    let violations = NIOLockedValueBox<[String]>([])

    private func runtime(
        _ model: FakeModel..., change: (inout ModelConfiguration) -> Void = { _ in }
    ) throws -> ModelRuntime {
        var configuration = ModelConfiguration(
            name: "m", plugin: "fake", config: .mapping([]), location: SourceLocation(line: 1, column: 1))
        change(&configuration)
        let violations = violations
        return try ModelRuntime.running(
            configuration, instances: model, metrics: metrics,
            violation: { _, request, reason in violations.withLockedValue { $0.append("\(request): \(reason)") } })
    }

    /// Has the model at work on a first call while others line up behind it.
    private func busy(_ runtime: ModelRuntime, _ post: Gatepost) throws {
        runtime.start(try caller.call("first", rows: [0]), consumer: 0)
        try post.waitUntilReached()
    }

    /// A model that stops at the post for its first call only.
    private func model(
        _ post: Gatepost, allowsRetry: Bool = true, inputs: [TensorSpec]? = nil, outputs: [TensorSpec]? = nil,
        keepsSequences: Bool = false, answer: @escaping @Sendable (InferenceCall) -> Void
    ) -> FakeModel {
        FakeModel(inputs: inputs, outputs: outputs, allowsRetry: allowsRetry, keepsSequences: keepsSequences) { call in
            guard call.envelope.id == "first" else { return answer(call) }
            post.pass()
            call.echo()
        }
    }

    // MARK: Joining

    @Test func whatWaitsIsJoinedAndSplitByRows() throws {
        let post = Gatepost()
        let model = model(post) { $0.echo() }
        let runtime = try runtime(model)
        try busy(runtime, post)
        runtime.start(try caller.call("a", rows: [1]), consumer: 0)
        runtime.start(try caller.call("b", rows: [2, 3, 4]), consumer: 0)
        runtime.start(try caller.call("c", rows: [5, 6]), consumer: 0)
        post.open()
        try caller.wait(for: 4)
        let joined = model.calls.withLockedValue { $0.map(\.envelope) }
        #expect(joined.count == 2)
        #expect(joined[1].inputs[0].shape == [6, 2])
        #expect(joined[1].id == "a+2")
        #expect(try caller.rows("a") == [1])
        #expect(try caller.rows("b") == [2, 3, 4])
        #expect(try caller.rows("c") == [5, 6])
        let text = metrics.registry.scrape()
        #expect(text.contains(#"sluice_model_batch_rows_sum{model="m"} 7"#), "\(text)")
        #expect(text.contains(#"sluice_model_queue_seconds_count{model="m"} 4"#))
        runtime.stop()
    }

    @Test func whatDiffersIsNeverJoined() throws {
        let post = Gatepost()
        let model = model(post) { $0.echo() }
        let runtime = try runtime(model)
        try busy(runtime, post)
        runtime.start(try caller.call("plain", rows: [1]), consumer: 0)
        runtime.start(try caller.call("wanted", rows: [2], wanted: ["y"]), consumer: 0)
        runtime.start(try caller.call("parameter", rows: [3], parameters: [.init("t", .double(1))]), consumer: 0)
        runtime.start(try caller.call("other", rows: [4], parameters: [.init("t", .double(2))]), consumer: 0)
        let traced = Envelope.Parameter("traceparent", .string("00-1-1-01"))
        runtime.start(try caller.call("traced", rows: [5], parameters: [traced]), consumer: 0)
        post.open()
        try caller.wait(for: 6)
        let rows = model.calls.withLockedValue { $0.map { $0.envelope.inputs[0].shape[0] } }
        #expect(rows == [1, 2, 1, 1, 1], "only the trace differs between two of them")
        for (index, id) in ["plain", "wanted", "parameter", "other", "traced"].enumerated() {
            #expect(try caller.rows(id) == [Float(index + 1)])
        }
        runtime.stop()
    }

    @Test func batchingCanBeTurnedOff() throws {
        let post = Gatepost()
        let model = model(post) { $0.echo() }
        let runtime = try runtime(model) { $0.scheduling.batching = .off }
        try busy(runtime, post)
        for id in ["a", "b"] { runtime.start(try caller.call(id, rows: [1]), consumer: 0) }
        post.open()
        try caller.wait(for: 3)
        #expect(model.calls.withLockedValue { $0.count } == 3)
        runtime.stop()
    }

    @Test func oneBadRequestDoesNotSpoilItsNeighbours() throws {
        let post = Gatepost()
        let model = model(post) { call in
            let values = call.envelope.inputs[0].elements(as: Float.self)
            if values.contains(where: { $0 < 0 }) {
                call.deliver(.failure(SluiceError(.modelFailed, "a bad value")))
            } else {
                call.echo()
            }
        }
        let runtime = try runtime(model)
        try busy(runtime, post)
        for (id, value) in [("a", 1), ("bad", -5), ("c", 3)] as [(String, Float)] {
            runtime.start(try caller.call(id, rows: [value]), consumer: 0)
        }
        post.open()
        try caller.wait(for: 4)
        #expect(try caller.rows("a") == [1])
        #expect(try caller.rows("c") == [3])
        #expect(try caller.part("bad").error?.code == .modelFailed)
        #expect(model.calls.withLockedValue { $0.map(\.envelope.id) } == ["first", "a+2", "a", "bad", "c"])
        #expect(metrics.registry.scrape().contains(#"sluice_model_retries_total{model="m"} 3"#))
        runtime.stop()
    }

    @Test func aModelWithEffectsIsNeverAskedTwice() throws {
        let post = Gatepost()
        let model = model(post, allowsRetry: false) { $0.deliver(.failure(SluiceError(.modelFailed, "no"))) }
        let runtime = try runtime(model)
        try busy(runtime, post)
        for id in ["a", "b"] { runtime.start(try caller.call(id, rows: [1]), consumer: 0) }
        post.open()
        try caller.wait(for: 3)
        for id in ["a", "b"] { #expect(try caller.part(id).error?.code == .modelFailed) }
        #expect(model.calls.withLockedValue { $0.count } == 2)
        runtime.stop()
    }

    @Test func aWrongNumberOfRowsBreaksTheContract() throws {
        let post = Gatepost()
        let model = model(post) { call in
            let rows = call.envelope.inputs[0].shape[0]
            guard rows > 1 else { return call.echo() }
            var output = call.envelope.inputs[0].rows(0..<(rows - 1))!
            output.name = "y"
            call.deliver(InferencePart(outputs: [output], isFinal: true))
        }
        let runtime = try runtime(model)
        try busy(runtime, post)
        for id in ["a", "b"] { runtime.start(try caller.call(id, rows: [1]), consumer: 0) }
        post.open()
        try caller.wait(for: 3)
        // Each by itself, the model answers rightly.
        for id in ["a", "b"] { #expect(try caller.rows(id) == [1]) }
        #expect(violations.withLockedValue { $0 } == ["a+1: output \"y\" is [1,2] for 2 rows of requests"])
        runtime.stop()
    }

    @Test func whoLeavesABatchIsToldAtOnceAndTheOthersGoOn() throws {
        let (post, inBatch) = (Gatepost(), Gatepost())
        let model = model(post) { call in
            inBatch.pass()
            call.echo()
        }
        let runtime = try runtime(model)
        try busy(runtime, post)
        let leaving = try caller.call("leaving", rows: [1])
        runtime.start(leaving, consumer: 0)
        runtime.start(try caller.call("staying", rows: [2]), consumer: 0)
        post.open()
        try inBatch.waitUntilReached()
        try caller.wait()
        leaving.abandon(SluiceError(.deadlineExceeded, "too late"))
        try caller.wait()
        #expect(try caller.part("leaving").error?.code == .deadlineExceeded)
        inBatch.open()
        try caller.wait()
        #expect(try caller.rows("staying") == [2])
        runtime.stop()
    }

    @Test func aBatchThatEverybodyLeftIsCancelled() throws {
        let (post, inBatch) = (Gatepost(), Gatepost())
        let model = model(post) { call in
            inBatch.pass()
            #expect(call.isFinished, "the plugin is asked to stop")
            call.echo()
        }
        let runtime = try runtime(model)
        try busy(runtime, post)
        let leaving = try ["a", "b"].map { try caller.call($0, rows: [1]) }
        for call in leaving { runtime.start(call, consumer: 0) }
        post.open()
        try inBatch.waitUntilReached()
        for call in leaving { call.abandon(SluiceError(.cancelled, "gone")) }
        inBatch.open()
        try caller.wait(for: 3)
        for id in ["a", "b"] { #expect(try caller.part(id).error?.code == .cancelled) }
        runtime.stop()
    }

    @Test func theJoinedCallHasTheLatestDeadline() throws {
        let post = Gatepost()
        let model = model(post) { $0.echo() }
        let runtime = try runtime(model)
        try busy(runtime, post)
        let (soon, late) = (
            MonotonicTime.now.advanced(byNanoseconds: 20_000_000_000),
            MonotonicTime.now.advanced(byNanoseconds: 40_000_000_000)
        )
        runtime.start(try caller.call("a", rows: [1], deadline: late), consumer: 0)
        runtime.start(try caller.call("b", rows: [1], deadline: soon), consumer: 0)
        post.open()
        try caller.wait(for: 3)
        #expect(model.calls.withLockedValue { $0[1].envelope.deadline } == late)
        runtime.stop()
    }

    @Test func raggedRequestsArePaddedAndTheirOutputsCutBack() throws {
        let post = Gatepost()
        let model = model(
            post,
            inputs: [
                TensorSpec(name: "ids", dataType: .int64, shape: [-1, -1]),
                TensorSpec(name: "mask", dataType: .int64, shape: [-1, -1]),
            ],
            outputs: [
                TensorSpec(name: "hidden", dataType: .int64, shape: [-1, -1]),
                TensorSpec(name: "pooled", dataType: .int64, shape: [-1, -1]),
            ]
        ) { call in
            var outputs = call.envelope.inputs
            outputs[0].name = "hidden"
            outputs[1].name = "pooled"
            call.deliver(InferencePart(outputs: outputs, isFinal: true))
        }
        let runtime = try runtime(model) {
            $0.padding = PaddingConfiguration(fills: ["ids": 9, "mask": 0], trims: ["hidden": "ids"])
        }
        func call(_ id: String, _ ids: [Int64]) throws -> InferenceCall {
            let shape = [1, ids.count]
            return caller.make(
                Envelope(
                    id: id,
                    inputs: [
                        try Tensor(name: "ids", dataType: .int64, shape: shape, copying: ids),
                        try Tensor(name: "mask", dataType: .int64, shape: shape, copying: ids.map { _ in 1 as Int64 }),
                    ]))
        }
        runtime.start(try call("first", [0]), consumer: 0)
        try post.waitUntilReached()
        runtime.start(try call("short", [1, 2]), consumer: 0)
        runtime.start(try call("long", [3, 4, 5, 6]), consumer: 0)
        post.open()
        try caller.wait(for: 3)
        let joined = model.calls.withLockedValue { $0[1].envelope.inputs }
        #expect(joined[0].elements(as: Int64.self) == [1, 2, 9, 9, 3, 4, 5, 6])
        #expect(joined[1].elements(as: Int64.self) == [1, 1, 0, 0, 1, 1, 1, 1])
        let short = try caller.part("short").outputs
        #expect(short[0].shape == [1, 2] && short[0].elements(as: Int64.self) == [1, 2], "cut back")
        #expect(short[1].shape == [1, 4] && short[1].elements(as: Int64.self) == [1, 1, 0, 0], "not declared")
        #expect(try caller.part("long").outputs[0].elements(as: Int64.self) == [3, 4, 5, 6])
        runtime.stop()
    }

    @Test func moreRowsThanTheModelTakesAreRefused() throws {
        let model = FakeModel(maximumBatchRows: 4) { $0.echo() }
        let runtime = try runtime(model)
        runtime.start(try caller.call("fits", rows: [1, 2, 3, 4]), consumer: 0)
        runtime.start(try caller.call("not", rows: [1, 2, 3, 4, 5]), consumer: 0)
        try caller.wait(for: 2)
        #expect(try caller.rows("fits").count == 4)
        #expect(try caller.part("not").error?.code == .invalidInput)
        runtime.stop()
    }

    // MARK: The queue

    @Test func whoLeavesWhileWaitingNeverReachesTheModel() throws {
        let post = Gatepost()
        let model = model(post) { $0.echo() }
        let runtime = try runtime(model)
        try busy(runtime, post)
        let leaving = try caller.call("leaving", rows: [1])
        runtime.start(leaving, consumer: 0)
        #expect(runtime.queueDepth == 1)
        leaving.abandon(SluiceError(.cancelled, "gone"))
        #expect(runtime.queueDepth == 0)
        #expect(try caller.part("leaving").error?.code == .cancelled)
        post.open()
        try caller.wait(for: 2)
        #expect(model.calls.withLockedValue { $0.map(\.envelope.id) } == ["first"])
        runtime.stop()
    }

    @Test func expiredRequestNeverReachesTheModel() throws {
        let post = Gatepost()
        let model = model(post) { $0.echo() }
        let runtime = try runtime(model)
        try busy(runtime, post)
        let soon = MonotonicTime.now.advanced(byNanoseconds: 3_000_000)
        runtime.start(try caller.call("late", rows: [1], deadline: soon), consumer: 0)
        // It is answered though the model's one thread is busy, and not before its time.
        try caller.wait()
        #expect(MonotonicTime.now >= soon)
        #expect(try caller.part("late").error?.code == .deadlineExceeded)
        post.open()
        try caller.wait()
        #expect(model.calls.withLockedValue { $0.count } == 1)
        #expect(metrics.registry.scrape().contains(#"sluice_model_expired_total{model="m"} 1"#))
        runtime.stop()
    }

    @Test func aFullQueueTellsWhenToComeBack() throws {
        let post = Gatepost()
        let model = model(post) { $0.echo() }
        let runtime = try runtime(model) { $0.queue = 1 }
        try busy(runtime, post)
        runtime.start(try caller.call("waits", rows: [1]), consumer: 1)
        runtime.start(try caller.call("refused", rows: [1]), consumer: 1)
        let error = try #require(try caller.part("refused").error)
        #expect(error.code == .overloaded)
        #expect(try #require(error.retryAfterNanoseconds) >= 1_000_000_000)
        post.open()
        try caller.wait(for: 3)
        runtime.stop()
    }

    @Test func aNoisyConsumerGivesWay() throws {
        let post = Gatepost()
        let model = model(post) { $0.echo() }
        let runtime = try runtime(model) {
            $0.queue = 4
            $0.scheduling.batching = .off
        }
        try busy(runtime, post)
        for index in 0..<4 { runtime.start(try caller.call("noisy\(index)", rows: [1]), consumer: 1) }
        runtime.start(try caller.call("quiet", rows: [2]), consumer: 2)
        #expect(try caller.part("noisy3").error?.code == .tooManyRequests, "the last of the noisy one gave its place")
        runtime.start(try caller.call("noisy4", rows: [1]), consumer: 1)
        #expect(try caller.part("noisy4").error?.code == .tooManyRequests)
        post.open()
        try caller.wait(for: 7)
        let served = model.calls.withLockedValue { $0.map(\.envelope.id) }
        let place = try #require(served.firstIndex(of: "quiet"))
        #expect(place <= 2, "\(served)")
        runtime.stop()
    }

    @Test func shuttingDownRefusesWhatWaits() throws {
        let post = Gatepost()
        let model = model(post) { $0.echo() }
        let runtime = try runtime(model)
        try busy(runtime, post)
        runtime.start(try caller.call("waits", rows: [1]), consumer: 0)
        runtime.stop()
        #expect(try caller.part("waits").error?.code == .shuttingDown)
        runtime.start(try caller.call("late", rows: [1]), consumer: 0)
        #expect(try caller.part("late").error?.code == .shuttingDown)
        post.open()
        try caller.wait(for: 3)
        #expect(runtime.unloadIfIdle())
    }

    // MARK: Order and sequences

    @Test func orderedAnswersGoOutInTheOrderOfArrivalAndFailuresAtOnce() throws {
        let slow = Gatepost()
        let model = FakeModel(batching: .none, concurrency: 3) { call in
            if call.envelope.id == "slow" { slow.pass() }
            if call.envelope.id == "fails" {
                call.deliver(.failure(SluiceError(.modelFailed, "no")))
            } else {
                call.echo()
            }
        }
        let runtime = try runtime(model) { $0.scheduling.isOrdered = true }
        runtime.start(try caller.call("slow", rows: [1]), consumer: 0)
        try slow.waitUntilReached()
        for id in ["fails", "b", "c"] { runtime.start(try caller.call(id, rows: [2]), consumer: 0) }
        let late = try caller.call("leaves", rows: [3])
        runtime.start(late, consumer: 0)
        late.abandon(SluiceError(.deadlineExceeded, "too late"))
        try caller.wait(for: 2)
        #expect(Set(caller.order) == ["fails", "leaves"])
        slow.open()
        try caller.wait(for: 3)
        #expect(caller.order.suffix(3) == ["slow", "b", "c"])
        runtime.stop()
    }

    @Test func requestsOfASequenceGoOneAfterTheOtherToOneInstance() throws {
        let posts = [Gatepost(), Gatepost()]
        let seen = NIOLockedValueBox<[String]>([])
        let models = (0..<2).map { index in
            FakeModel(batching: .none, keepsSequences: true, concurrency: 2) { call in
                seen.withLockedValue { $0.append("\(index):\(call.envelope.id)") }
                if call.envelope.id.hasSuffix("1") { posts[index].pass() }
                call.echo()
            }
        }
        let runtime = try runtime(models[0], models[1])
        func step(_ sequence: String, _ number: Int, start: Bool = false, end: Bool = false) throws {
            runtime.start(
                try caller.call(
                    "\(sequence)\(number)", rows: [1],
                    sequence: Envelope.Sequence(id: sequence, isStart: start, isEnd: end)), consumer: 0)
        }
        try step("a", 1, start: true)
        try posts[0].waitUntilReached()
        try step("b", 1, start: true)
        try posts[1].waitUntilReached()
        try step("a", 2)
        try step("a", 3, end: true)
        try step("b", 2)
        #expect(seen.withLockedValue { $0 } == ["0:a1", "1:b1"], "each waits for the one before it")
        for post in posts { post.open() }
        try caller.wait(for: 5)
        #expect(seen.withLockedValue { $0.filter { $0.contains("a") } } == ["0:a1", "0:a2", "0:a3"])
        #expect(seen.withLockedValue { $0.filter { $0.contains("b") } } == ["1:b1", "1:b2"])
        try step("a", 4)
        #expect(try caller.part("a4").error?.code == .invalidParameter, "it has ended")
        try step("c", 2)
        #expect(try caller.part("c2").error?.code == .invalidParameter, "it was never started")
        runtime.stop()
    }

    // MARK: Memory

    private final class Weak: Sendable {
        private struct Reference: Sendable { weak var call: InferenceCall? }
        private let references = NIOLockedValueBox<[Reference]>([])

        func add(_ call: InferenceCall) { references.withLockedValue { $0.append(Reference(call: call)) } }
        var count: Int { references.withLockedValue { $0.count } }
        var living: Int { references.withLockedValue { $0.count { $0.call != nil } } }
    }

    @Test func nothingHoldsOnToCallsThatAreDone() throws {
        let weak = Weak()
        let post = Gatepost()
        let failsOnce = NIOLockedValueBox(true)
        func make(_ change: (inout ModelConfiguration) -> Void) throws -> ModelRuntime {
            var configuration = ModelConfiguration(
                name: "m", plugin: "fake", config: .mapping([]), location: SourceLocation(line: 1, column: 1))
            change(&configuration)
            let model = FakeModel(keepsCalls: false) { call in
                weak.add(call)
                if call.envelope.id == "first" { post.pass() }
                let fails = failsOnce.withLockedValue { fails in
                    defer { if call.envelope.id != "first" { fails = false } }
                    return fails && call.envelope.id != "first"
                }
                if fails { call.deliver(.failure(SluiceError(.modelFailed, "once"))) } else { call.echo() }
            }
            return try ModelRuntime.running(
                configuration, instances: [model], metrics: metrics, violation: { _, _, _ in })
        }
        let runtime = try make {
            $0.scheduling.isOrdered = true
            $0.cache = CacheConfiguration(size: 1 << 20, age: .seconds(60))
        }
        try busy(runtime, post)
        for (index, id) in ["a", "b", "c", "c2"].enumerated() {
            let call = try caller.call(id, rows: [Float(min(index, 2) + 1)])
            weak.add(call)
            runtime.start(call, consumer: 0)
        }
        post.open()
        try caller.wait(for: 5)
        runtime.stop()
        // The model's thread lets go of the last one a moment after its answer.
        for _ in 0..<5_000 where weak.living > 0 { usleep(1_000) }
        #expect(weak.living == 0)
        #expect(weak.count >= 9, "joined, failed, and tried singly")
    }

    // MARK: What a model can't do

    @Test func whatTheModelCanNotDoIsRefusedAtLoad() throws {
        let stream = FakeModel(streams: true) { $0.echo() }
        let state = FakeModel(keepsSequences: true) { $0.echo() }
        let single = FakeModel(batching: .none) { $0.echo() }
        let joining = FakeModel { $0.echo() }
        let cache = CacheConfiguration(size: 1024, age: .seconds(1))
        func reason(_ model: FakeModel, _ change: (inout ModelConfiguration) -> Void) -> String {
            do {
                _ = try runtime(model, change: change)
                return "loaded"
            } catch {
                return (error as? PluginLoadError)?.message ?? "\(error)"
            }
        }
        #expect(reason(stream) { $0.cache = cache }.hasSuffix("it may answer in parts"))
        #expect(reason(stream) { $0.scheduling.isOrdered = true }.hasSuffix("it may answer in parts"))
        #expect(reason(state) { $0.cache = cache }.contains("it keeps state"))
        #expect(
            reason(single) { $0.padding = PaddingConfiguration(fills: ["x": 0], trims: [:]) }
                .hasSuffix("the host doesn't join its requests"))
        #expect(
            reason(joining) { $0.padding = PaddingConfiguration(fills: ["z": 0], trims: [:]) }
                == #"pad names input "z"; the model has "x""#)
        #expect(
            reason(joining) { $0.padding = PaddingConfiguration(fills: ["x": 0], trims: [:]) }
                .contains("has no free dimension to fill up"))
    }
}
