@testable import Gateway
import Configuration
import Glibc
import NIOConcurrencyHelpers
import PluginHost
import Routing
import Telemetry
import Tensors
import Testing

@Suite struct PipelineModelTests {
    private typealias Fixture = PipelineFixture

    let caller = Caller()
    let metrics = GatewayMetrics(version: "test")

    /// `x` in, `y` out, each number plus one.
    private static func addOne(_ call: InferenceCall) {
        let input = call.envelope.inputs[0]
        let sums = input.elements(as: Float.self).map { $0 + 1 }
        guard let output = try? Tensor(name: "y", dataType: .fp32, shape: input.shape, copying: sums) else { return }
        call.deliver(InferencePart(outputs: [output], isFinal: true))
    }

    private func pipeline(
        _ steps: [PipelineConfiguration.Step], _ models: [String: FakeModel], outputs: [String] = [],
        change: (inout ModelConfiguration) -> Void = { _ in }
    ) throws -> (pipeline: ModelRuntime, models: [String: ModelRuntime]) {
        var runtimes: [String: ModelRuntime] = [:]
        for (name, model) in models { runtimes[name] = try Fixture.runtime(name, model, metrics: metrics) }
        var configuration = Fixture.configuration(steps, outputs: outputs)
        change(&configuration)
        let pipeline = try ModelRuntime.pipeline(
            configuration, steps: steps.compactMap { runtimes[$0.model.text] }, tokenizer: nil, media: ModelMedia(),
            metrics: metrics)
        return (pipeline, runtimes)
    }

    private static let twice = [
        Fixture.step("a", outputs: ["y": "middle"]), Fixture.step("b", inputs: ["x": "middle"]),
    ]

    @Test func whatOneStepMakesTheNextOneTakes() throws {
        let (a, b) = (FakeModel(answer: Self.addOne), FakeModel(answer: Self.addOne))
        let (pipeline, models) = try pipeline(Self.twice, ["a": a, "b": b])
        #expect(pipeline.isReady)
        #expect(pipeline.loaded?.description.platform == "sluice_pipeline")
        #expect(pipeline.signature?.inputs.map(\.text) == ["FP32[-1,2]"])
        #expect(pipeline.signature?.outputs.map(\.name) == ["y"])
        #expect(pipeline.signature?.batching == .concat)
        pipeline.start(try caller.call("r", rows: [1, 5], parameters: [.init("k", .integer(3))]), consumer: 7)
        try caller.wait()
        #expect(try caller.rows("r") == [3, 7])
        #expect(try caller.part("r").outputs.map(\.name) == ["y"])
        let (first, second) = (a.calls.withLockedValue { $0[0] }, b.calls.withLockedValue { $0[0] })
        #expect(first.envelope.id == "r.1" && second.envelope.id == "r.2")
        #expect(second.envelope.parameters == [.init("k", .integer(3))])
        // What is handed on is the very memory that the first step filled.
        #expect(second.envelope.inputs[0].name == "x")
        #expect(pipeline.unfinishedCalls == 0)
        for model in models.values { model.stop() }
    }

    @Test func tensorsAreHandedOnWithoutACopy() throws {
        let made = NIOLockedValueBox<TensorStorage?>(nil)
        let a = FakeModel { call in
            var output = call.envelope.inputs[0]
            output.name = "y"
            made.withLockedValue { $0 = output.storage }
            call.deliver(InferencePart(outputs: [output], isFinal: true))
        }
        let b = FakeModel { $0.echo() }
        let (pipeline, models) = try pipeline(Self.twice, ["a": a, "b": b])
        pipeline.start(try caller.call("r", rows: [1]), consumer: 0)
        try caller.wait()
        let taken = b.calls.withLockedValue { $0[0].envelope.inputs[0].storage }
        #expect(taken === made.withLockedValue { $0 })
        #expect(try caller.part("r").outputs[0].storage === taken)
        for model in models.values { model.stop() }
    }

    @Test func independentStepsRunAtTheSameTime() throws {
        let (left, right) = (Gatepost(), Gatepost())
        func model(_ post: Gatepost, _ output: String) -> FakeModel {
            FakeModel(outputs: [TensorSpec(name: output, dataType: .fp32, shape: [-1, 2])]) { call in
                post.pass()
                var tensor = call.envelope.inputs[0]
                tensor.name = output
                call.deliver(InferencePart(outputs: [tensor], isFinal: true))
            }
        }
        let steps = [Fixture.step("a"), Fixture.step("b")]
        let (pipeline, models) = try pipeline(
            steps, ["a": model(left, "l"), "b": model(right, "r")], outputs: ["r", "l"])
        pipeline.start(try caller.call("r", rows: [1]), consumer: 0)
        try left.waitUntilReached()
        try right.waitUntilReached()
        #expect(pipeline.unfinishedCalls == 1)
        right.open()
        left.open()
        try caller.wait()
        #expect(try caller.part("r").outputs.map(\.name) == ["r", "l"])

        // Only what is asked for is worked out.
        pipeline.start(try caller.call("some", rows: [1], wanted: ["l"]), consumer: 0)
        try left.waitUntilReached()
        left.open()
        try caller.wait()
        #expect(try caller.part("some").outputs.map(\.name) == ["l"])
        for model in models.values { model.stop() }
    }

    @Test func aFailureSaysWhichStepItWas() throws {
        let b = FakeModel(allowsRetry: false) { $0.deliver(.failure(SluiceError(.modelFailed, "no letters"))) }
        let (pipeline, models) = try pipeline(Self.twice, ["a": FakeModel(answer: Self.addOne), "b": b])
        pipeline.start(try caller.call("r", rows: [1]), consumer: 0)
        try caller.wait()
        let error = try #require(try caller.part("r").error)
        #expect(error.code == .modelFailed)
        #expect(error.message == #"step 2 of "p" ("b"): no letters"#)
        #expect(error.detail == [.init("step", "b")])
        for model in models.values { model.stop() }
    }

    @Test func aFailureEndsTheStepsBesideIt() throws {
        let post = Gatepost()
        let slow = FakeModel(outputs: [TensorSpec(name: "l", dataType: .fp32, shape: [-1, 2])]) { _ in post.pass() }
        let bad = FakeModel(outputs: [TensorSpec(name: "r", dataType: .fp32, shape: [-1, 2])], allowsRetry: false) {
            call in
            try? post.waitUntilReached()
            call.deliver(.failure(SluiceError(.modelFailed, "no")))
        }
        let (pipeline, models) = try pipeline(
            [Fixture.step("a"), Fixture.step("b")], ["a": slow, "b": bad], outputs: ["l", "r"])
        pipeline.start(try caller.call("r", rows: [1]), consumer: 0)
        try caller.wait()
        #expect(try caller.part("r").error?.message == #"step 2 of "p" ("b"): no"#)
        #expect(eventually { slow.calls.withLockedValue { $0[0].isFinished } }, "its plugin is asked to stop")
        post.open()
        for model in models.values { model.stop() }
    }

    @Test func whoLeavesEndsTheStepUnderWay() throws {
        let post = Gatepost()
        let b = FakeModel { call in
            post.pass()
            call.echo()
        }
        let (pipeline, models) = try pipeline(Self.twice, ["a": FakeModel(answer: Self.addOne), "b": b])
        let call = try caller.call("r", rows: [1])
        pipeline.start(call, consumer: 0)
        try post.waitUntilReached()
        call.abandon(SluiceError(.deadlineExceeded, "model \"p\" did not answer in time"))
        try caller.wait()
        #expect(
            try caller.part("r").error?.message == #"model "p" did not answer in time; it was at step 2 ("b")"#)
        #expect(b.calls.withLockedValue { $0[0].isFinished })
        #expect(pipeline.unfinishedCalls == 0)
        post.open()
        for model in models.values { model.stop() }
    }

    @Test func aStepKeepsToItsModelsOwnTimeout() throws {
        let post = Gatepost()
        let b = FakeModel { call in
            post.pass()
            call.echo()
        }
        let (pipeline, models) = try pipeline(Self.twice, ["a": FakeModel(answer: Self.addOne), "b": b])
        models["b"]?.stepRules = StepRules(
            breaker: nil, bounds: [], timeoutNanoseconds: 5_000_000, statistics: ModelStatistics(),
            metrics: metrics.model("b"))
        let latest = MonotonicTime.now.advanced(byNanoseconds: 60_000_000_000)
        pipeline.start(try caller.call("r", rows: [1], deadline: latest), consumer: 0)
        try caller.wait()
        let error = try #require(try caller.part("r").error)
        #expect(error.code == .deadlineExceeded)
        #expect(error.message.hasPrefix(#"step 2 of "p": "#), "\(error.message)")
        #expect(
            metrics.registry.scrape().contains(
                #"sluice_model_failures_total{model="b",code="deadline_exceeded"} 1"#))
        post.open()
        for model in models.values { model.stop() }
    }

    @Test func aStepKeepsToItsModelsBreakerAndBounds() throws {
        let b = FakeModel(allowsRetry: false) { $0.deliver(.failure(SluiceError(.modelFailed, "no"))) }
        let (pipeline, models) = try pipeline(Self.twice, ["a": FakeModel(answer: Self.addOne), "b": b])
        var policy = BreakerConfiguration()
        policy.failures = 2
        let breaker = ModelBreaker("b", policy: policy, metrics: metrics, logger: nil)
        let statistics = ModelStatistics()
        models["b"]?.stepRules = StepRules(
            breaker: breaker, bounds: [], timeoutNanoseconds: nil, statistics: statistics, metrics: metrics.model("b"))
        for id in ["1", "2", "3"] {
            pipeline.start(try caller.call(id, rows: [1]), consumer: 0)
            try caller.wait()
        }
        #expect(try caller.part("2").error?.code == .modelFailed)
        let refused = try #require(try caller.part("3").error)
        #expect(refused.code == .modelUnavailable)
        #expect(
            refused.message == #"step 2 of "p": model "b" has failed too often and is left alone for a while"#)
        #expect(refused.retryAfterNanoseconds != nil)
        #expect(!pipeline.isReady, "a step of it isn't")
        #expect(statistics.snapshot.failure.count == 2)

        var bounds = InputBounds(input: "x")
        bounds.most = 3
        models["b"]?.stepRules = StepRules(
            breaker: nil, bounds: [bounds], timeoutNanoseconds: nil, statistics: statistics,
            metrics: metrics.model("b"))
        pipeline.start(try caller.call("large", rows: [5]), consumer: 0)
        try caller.wait()
        #expect(try caller.part("large").error?.code == .modelRejectedInput)
        for model in models.values { model.stop() }
    }

    @Test func whatDoesNotFitTheNextStepIsRefusedThere() throws {
        let a = FakeModel(outputs: [TensorSpec(name: "y", dataType: .fp32, shape: [-1, -1])]) { call in
            guard let odd = try? Tensor(name: "y", dataType: .fp32, shape: [1, 3], copying: [1, 2, 3] as [Float])
            else { return }
            call.deliver(InferencePart(outputs: [odd], isFinal: true))
        }
        let (pipeline, models) = try pipeline(Self.twice, ["a": a, "b": FakeModel(answer: Self.addOne)])
        pipeline.start(try caller.call("r", rows: [1]), consumer: 0)
        try caller.wait()
        let error = try #require(try caller.part("r").error)
        #expect(error.code == .modelRejectedInput)
        #expect(
            error.message == """
                step 2 of "p" ("b"): input "x": expected FP32[-1,2], got FP32[1,3]; dimension 1 must be 2
                """)
        for model in models.values { model.stop() }
    }

    @Test func noRowsGoThroughWithoutAskingTheModel() throws {
        let none = FakeModel(batching: .none, outputs: [TensorSpec(name: "y", dataType: .fp32, shape: [-1, 2])]) {
            call in
            guard let empty = try? Tensor(name: "y", dataType: .fp32, shape: [0, 2], storage: .allocate(byteCount: 0))
            else { return }
            call.deliver(InferencePart(outputs: [empty], isFinal: true))
        }
        let texts = FakeModel(
            outputs: [
                TensorSpec(name: "text", dataType: .bytes, shape: [-1]),
                TensorSpec(name: "scores", dataType: .fp32, shape: [-1, -1, 7]),
            ]
        ) { _ in Issue.record("it was asked") }
        // A sum of no rows is a number all the same: only its model knows which.
        let sum = FakeModel(batching: .none, outputs: [TensorSpec(name: "sum", dataType: .fp32, shape: [1])]) { call in
            #expect(call.envelope.inputs[0].shape == [0, 2])
            guard let zero = try? Tensor(name: "sum", dataType: .fp32, shape: [1], copying: [0] as [Float]) else {
                return
            }
            call.deliver(InferencePart(outputs: [zero], isFinal: true))
        }
        let steps = [
            Fixture.step("none", outputs: ["y": "rows"]), Fixture.step("texts", inputs: ["x": "rows"]),
            Fixture.step("sum", inputs: ["x": "rows"]),
        ]
        let (pipeline, models) = try pipeline(
            steps, ["none": none, "texts": texts, "sum": sum], outputs: ["text", "scores", "sum"])
        #expect(pipeline.signature?.batching == ModelSignature.Batching.none)
        pipeline.start(try caller.call("r", rows: [1]), consumer: 0)
        try caller.wait()
        let outputs = try caller.part("r").outputs
        #expect(outputs.map(\.shape) == [[0], [0, 0, 7], [1]])
        #expect(outputs.map(\.dataType) == [.bytes, .fp32, .fp32])
        for model in models.values { model.stop() }
    }

    @Test func aPipelineMayBeAStep() throws {
        let a = FakeModel(answer: Self.addOne)
        let (inner, models) = try pipeline(Self.twice, ["a": a, "b": FakeModel(answer: Self.addOne)])
        let outer = try ModelRuntime.pipeline(
            Fixture.configuration(
                [Fixture.step("p", outputs: ["y": "z"]), Fixture.step("a", inputs: ["x": "z"])], named: "outer"),
            steps: [inner, try #require(models["a"])], tokenizer: nil, media: ModelMedia(), metrics: metrics)
        outer.start(try caller.call("r", rows: [1]), consumer: 0)
        try caller.wait()
        #expect(try caller.rows("r") == [4])
        #expect(a.calls.withLockedValue { $0.map(\.envelope.id) } == ["r.1.1", "r.2"])
        for model in models.values { model.stop() }
    }

    @Test func equalRequestsAreAnsweredOnceWhereThePipelineKeepsAnswers() throws {
        let a = FakeModel(answer: Self.addOne)
        let (pipeline, models) = try pipeline(Self.twice, ["a": a, "b": FakeModel(answer: Self.addOne)]) {
            $0.cache = CacheConfiguration(size: 1 << 20, age: .seconds(60))
        }
        for id in ["1", "2"] {
            pipeline.start(try caller.call(id, rows: [1]), consumer: 0)
            try caller.wait()
        }
        #expect(try caller.rows("2") == [3])
        #expect(try caller.part("2").cache == .hit)
        #expect(a.calls.withLockedValue { $0.count } == 1)
        for model in models.values { model.stop() }
    }

    @Test func partsOfTheLastStepAreThePipelines() throws {
        let spec = [TensorSpec(name: "told", dataType: .bytes, shape: nil)]
        let tell = FakeModel(batching: .none, outputs: spec, streams: true) { call in
            for (text, isFinal) in [("one", false), ("two", false), ("three", true)] {
                guard let part = try? Tensor(name: "told", shape: [1], strings: [text]) else { return }
                call.deliver(InferencePart(outputs: [part], isFinal: isFinal))
            }
        }
        let steps = [Fixture.step("a"), Fixture.step("tell", inputs: ["x": "y"])]
        let (pipeline, models) = try pipeline(
            steps, ["a": FakeModel(answer: Self.addOne), "tell": tell], outputs: ["told", "y"])
        #expect(pipeline.streams)
        let parts = NIOLockedValueBox<[[String]]>([])
        let inner = caller
        let call = try caller.call("r", rows: [1])
        pipeline.start(
            InferenceCall(envelope: call.envelope) { part in
                parts.withLockedValue { $0.append(part.outputs.map(\.name) + [part.isFinal ? "last" : "part"]) }
                if part.isFinal { call.deliver(part) }
                return true
            }, consumer: 0)
        try inner.wait()
        #expect(
            parts.withLockedValue { $0 } == [["told", "y", "part"], ["told", "part"], ["told", "last"]],
            "what other steps made goes out with the first part")
        for model in models.values { model.stop() }
    }

    @Test func aStepThatIsNotLoadedLeavesThePipelineOut() throws {
        let a = try Fixture.runtime("a", FakeModel(answer: Self.addOne), metrics: metrics)
        let configuration = Fixture.configuration([], named: "b")
        let b = ModelRuntime(configuration: configuration, state: .failure(PluginLoadError(.loadFailed, "broken")))
        #expect(throws: PluginLoadError(.stepUnavailable, #"its step 2, model "b", isn't loaded"#)) {
            try ModelRuntime.pipeline(
                Fixture.configuration(Self.twice), steps: [a, b], tokenizer: nil, media: ModelMedia(), metrics: metrics)
        }
        a.stop()
    }

    /// Asks again and again, for half a minute at most.
    private func eventually(_ condition: () -> Bool) -> Bool {
        let deadline = MonotonicTime.now.advanced(byNanoseconds: 30_000_000_000)
        while MonotonicTime.now < deadline {
            if condition() { return true }
            usleep(1_000)
        }
        return condition()
    }
}
