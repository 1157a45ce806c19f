@testable import Gateway
import Configuration
import NIOConcurrencyHelpers
import PluginHost
import Telemetry
import Tensors
import Testing

/// Steps whose rows go to their models a few at a time.
@Suite struct RowsCallTests {
    let caller = Caller()
    let metrics = GatewayMetrics(version: "test")

    private func pipeline(_ model: FakeModel, rows: Int) throws -> (pipeline: ModelRuntime, model: ModelRuntime) {
        let runtime = try PipelineFixture.runtime("a", model, metrics: metrics) { $0.scheduling.batching = .off }
        var step = PipelineFixture.step("a")
        step.rows = rows
        let pipeline = try ModelRuntime.pipeline(
            PipelineFixture.configuration([step]), steps: [runtime], tokenizer: nil, media: ModelMedia(),
            metrics: metrics)
        return (pipeline, runtime)
    }

    @Test func rowsAreJoinedInTheirOrder() throws {
        let model = FakeModel(maximumBatchRows: 2) { $0.echo() }
        let (pipeline, runtime) = try pipeline(model, rows: 2)
        pipeline.start(try caller.call("r", rows: [1, 2, 3, 4, 5]), consumer: 0)
        try caller.wait()
        #expect(try caller.rows("r") == [1, 2, 3, 4, 5])
        let asked = model.calls.withLockedValue { $0.map(\.envelope) }
        #expect(asked.map(\.id) == ["r.1.1", "r.1.2", "r.1.3"])
        #expect(asked.map { $0.inputs[0].shape } == [[2, 2], [2, 2], [1, 2]])
        runtime.stop()
    }

    @Test func fewRowsAreOneCall() throws {
        let model = FakeModel { $0.echo() }
        let (pipeline, runtime) = try pipeline(model, rows: 3)
        pipeline.start(try caller.call("r", rows: [1, 2, 3]), consumer: 0)
        try caller.wait()
        #expect(model.calls.withLockedValue { $0.map(\.envelope.id) } == ["r.1"])
        runtime.stop()
    }

    @Test func asManyCallsGoBesideEachOtherAsTheModelTakes() throws {
        let post = Gatepost()
        let underWay = NIOLockedValueBox((now: 0, most: 0))
        let model = FakeModel(concurrency: 2) { call in
            underWay.withLockedValue { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            post.pass()
            underWay.withLockedValue { $0.now -= 1 }
            call.echo()
        }
        let (pipeline, runtime) = try pipeline(model, rows: 1)
        pipeline.start(try caller.call("r", rows: [1, 2, 3, 4]), consumer: 0)
        try post.waitUntilReached()
        try post.waitUntilReached()
        #expect(runtime.queueDepth == 0, "the others wait in the pipeline")
        post.open(times: 4)
        try caller.wait()
        #expect(try caller.rows("r") == [1, 2, 3, 4])
        #expect(underWay.withLockedValue { $0.most } == 2)
        runtime.stop()
    }

    @Test func oneThatFailsEndsThemAll() throws {
        let model = FakeModel { call in
            guard call.envelope.id == "r.1.2" else { return call.echo() }
            call.deliver(.failure(SluiceError(.modelFailed, "no")))
        }
        let (pipeline, runtime) = try pipeline(model, rows: 1)
        pipeline.start(try caller.call("r", rows: [1, 2, 3]), consumer: 0)
        try caller.wait()
        #expect(try caller.part("r").error?.code == .modelFailed)
        #expect(model.calls.withLockedValue { $0.count } == 2)
        runtime.stop()
    }

    @Test func whoLeavesEndsWhatIsUnderWay() throws {
        let post = Gatepost()
        let model = FakeModel { call in
            post.pass()
            call.echo()
        }
        let (pipeline, runtime) = try pipeline(model, rows: 1)
        let call = try caller.call("r", rows: [1, 2, 3])
        pipeline.start(call, consumer: 0)
        try post.waitUntilReached()
        call.abandon(SluiceError(.cancelled, "gone"))
        try caller.wait()
        #expect(try caller.part("r").error?.code == .cancelled)
        #expect(model.calls.withLockedValue { $0[0].isFinished })
        post.open()
        #expect(pipeline.unfinishedCalls == 0)
        runtime.stop()
        #expect(model.calls.withLockedValue { $0.count } == 1)
    }

    @Test func rowsOfSeveralShapesAreNoAnswer() throws {
        let spec = { TensorSpec(name: $0, dataType: .fp32, shape: [-1, -1]) }
        let model = FakeModel(inputs: [spec("x")], outputs: [spec("y")]) { call in
            let width = call.envelope.id == "r.1.1" ? 2 : 1
            guard
                let output = try? Tensor(
                    name: "y", dataType: .fp32, shape: [1, width], copying: Array(repeating: 1 as Float, count: width))
            else { return }
            call.deliver(InferencePart(outputs: [output], isFinal: true))
        }
        let (pipeline, runtime) = try pipeline(model, rows: 1)
        pipeline.start(try caller.call("r", rows: [1, 2]), consumer: 0)
        try caller.wait()
        let error = try caller.part("r").error
        #expect(error?.message.contains(#"can't be joined: "y" has rows of several shapes"#) == true, "\(error as Any)")
        runtime.stop()
    }
}
