import Dispatch
import Foundation
import PluginHost
import NIOConcurrencyHelpers
import Tensors
import Testing

/// Every behaviour of stub-faulty, through the host: whatever a plugin does, the caller gets exactly one final part.
@Suite struct InProcessModelTests {
    @Test func modelDescribesItself() throws {
        let stub = try StubModel(["batching": "concat", "concurrency": "3"])
        let description = stub.instance.description
        #expect(description.signature.batching == .concat)
        #expect(description.signature.inputs.map(\.name) == ["INPUT0"])
        #expect(description.signature.inputs[0].shape?.first == -1, "the batch dimension is put in front")
        #expect(description.maximumConcurrency == 3)
        #expect(!description.isQuick)
        stub.instance.unload()
    }

    @Test(arguments: [
        ("load-fails", PluginLoadError.Kind.loadFailed), ("describe-null", .badDescription),
        ("describe-nameless", .badDescription),
    ])
    func modelThatCantBeLoadedSaysWhy(behaviour: String, kind: PluginLoadError.Kind) {
        do {
            _ = try StubModel(["behaviour": behaviour])
            Issue.record("it was loaded")
        } catch {
            let failure = error as? PluginLoadError
            #expect(failure?.kind == kind)
            #expect(failure?.message.contains("\"stub\"") == true, "\(error)")
        }
    }

    @Test func failedWarmUpSaysWhy() throws {
        let stub = try StubModel(["behaviour": "warmup-fails"])
        #expect { try stub.instance.warmUp() } throws: { ($0 as? PluginLoadError)?.kind == .warmupFailed }
        stub.instance.unload()
    }

    @Test(arguments: ["ok", "host-memory", "released", "answer-later", "slow"])
    func goodAnswerArrivesWhole(behaviour: String) throws {
        let stub = try StubModel(["for": "20ms"])
        let collector = PartCollector()
        stub.instance.infer(try collector.call(behaviour))
        let part = try collector.waitForFinal()
        #expect(part.error == nil)
        #expect(part.outputs.map(\.name) == ["OUTPUT0"])
        #expect(part.outputs.first?.elements(as: Float.self) == [1, 2, 3, 4])
        #expect(stub.recorder.violations.withLockedValue { $0 }.isEmpty)
    }

    @Test func pluginMemoryIsReleasedOnceItIsNotUsedAnyMore() throws {
        let stub = try StubModel()
        for _ in 0..<10 {
            let collector = PartCollector()
            stub.instance.infer(try collector.call("released"))
            _ = try collector.waitForFinal()
        }
        let collector = PartCollector()
        stub.instance.infer(try collector.call("ok"))
        let parameters = try collector.waitForFinal().parameters
        #expect(parameters.first { $0.key == "allocated" }?.value == .string("10"))
        #expect(parameters.first { $0.key == "released" }?.value == .string("10"))
    }

    @Test func streamedPartsComeInOrder() throws {
        let stub = try StubModel(["behaviour": "stream", "parts": "5"])
        let collector = PartCollector()
        stub.instance.infer(try collector.call())
        _ = try collector.waitForFinal()
        let numbers = collector.parts.withLockedValue {
            $0.compactMap { $0.parameters.first { $0.key == "part" }?.value.text }
        }
        #expect(numbers.count == 6)
        #expect(numbers == numbers.sorted())
        #expect(collector.finalCount == 1)
    }

    @Test func callerWhoLeavesEndsAStream() throws {
        let stub = try StubModel(["behaviour": "stream-until-cancelled", "for": "30s"])
        let seen = NIOLockedValueBox(0)
        let collector = PartCollector { _ in
            seen.withLockedValue { count in
                count += 1
                return count < 3
            }
        }
        stub.instance.infer(try collector.call())
        _ = try collector.waitForFinal()
        #expect(collector.finalCount == 1)
    }

    @Test(arguments: [
        ("fail", "told to fail", SluiceError.Code.modelFailed), ("fail-by-response", "told to fail", .modelFailed),
    ])
    func failureIsReported(behaviour: String, text: String, code: SluiceError.Code) throws {
        let stub = try StubModel()
        let collector = PartCollector()
        stub.instance.infer(try collector.call(behaviour))
        let error = try #require(try collector.waitForFinal().error)
        #expect(error.code == code)
        #expect(error.message.contains(text))
        #expect(stub.recorder.violations.withLockedValue { $0 }.isEmpty)
    }

    @Test(arguments: [
        ("INVALID_ARGUMENT", SluiceError.Code.modelRejectedInput), ("UNAVAILABLE", .modelUnavailable),
        ("UNIMPLEMENTED", .modelUnimplemented), ("DATA_LOSS", .modelFailed), ("CANCELLED", .cancelled),
    ])
    func pluginsStatusBecomesACode(status: String, code: SluiceError.Code) throws {
        let stub = try StubModel()
        let collector = PartCollector()
        stub.instance.infer(try collector.call("fail", more: ["status": status]))
        #expect(try collector.waitForFinal().error?.code == code)
    }

    @Test(arguments: [
        "wrong-shape", "negative-shape", "short-data", "wrong-name", "wrong-datatype", "unknown-datatype", "null-data",
        "extra-output", "error-without-final",
    ])
    func answerThatBreaksTheContractIsAFailure(behaviour: String) throws {
        let stub = try StubModel()
        let collector = PartCollector()
        stub.instance.infer(try collector.call(behaviour))
        let error = try #require(try collector.waitForFinal().error)
        #expect(error.code == .modelBrokeContract, "\(error)")
        #expect(stub.recorder.violations.withLockedValue { $0 }.count >= 1)
        #expect(collector.finalCount == 1)
    }

    @Test(arguments: ["answer-twice", "error-after-answering"])
    func answerAfterTheAnswerIsRefusedAndReported(behaviour: String) throws {
        let stub = try StubModel()
        let collector = PartCollector()
        stub.instance.infer(try collector.call(behaviour))
        #expect(try collector.waitForFinal().error == nil)
        #expect(collector.finalCount == 1)
        #expect(stub.recorder.violations.withLockedValue { $0 }.count == 1)
        #expect(stub.instance.unfinishedCalls == 0)
    }

    @Test func lateAnswerFromAnotherThreadIsRefusedAndReported() throws {
        let stub = try StubModel(["for": "1ms"])
        let collector = PartCollector()
        stub.instance.infer(try collector.call("answer-after-final"))
        #expect(try collector.waitForFinal().error == nil)
        // The stub's own thread answers once more soon; other requests meanwhile take other slots.
        let deadline = Date().addingTimeInterval(20)
        while stub.recorder.violations.withLockedValue({ $0 }).isEmpty && Date() < deadline { usleep(1000) }
        #expect(stub.recorder.violations.withLockedValue { $0 }.count == 1)
        #expect(collector.finalCount == 1)
    }

    @Test func abandonedCallIsTakenBackWhenThePluginEndsIt() throws {
        let stub = try StubModel(["for": "30s"])
        let collector = PartCollector()
        let call = try collector.call("hang")
        let thread = Thread { stub.instance.infer(call) }
        thread.start()
        while stub.instance.unfinishedCalls == 0 { usleep(500) }
        call.abandon(SluiceError(.deadlineExceeded, "late"))
        #expect(try collector.waitForFinal().error?.code == .deadlineExceeded)
        // The stub polls is_cancelled and answers then; the answer goes nowhere.
        let deadline = Date().addingTimeInterval(20)
        while stub.instance.unfinishedCalls > 0 && Date() < deadline { usleep(1000) }
        #expect(stub.instance.unfinishedCalls == 0)
        #expect(collector.finalCount == 1)
        #expect(stub.recorder.violations.withLockedValue { $0 }.isEmpty)
    }

    @Test func callAbandonedBeforeItStartsNeverReachesThePlugin() throws {
        let stub = try StubModel()
        let collector = PartCollector()
        let call = try collector.call("fail")
        call.abandon(SluiceError(.cancelled, "gone"))
        stub.instance.infer(call)
        #expect(try collector.waitForFinal().error?.code == .cancelled)
        #expect(collector.finalCount == 1)
        #expect(stub.instance.unfinishedCalls == 0)
    }

    @Test func callThatIsNeverAnsweredEndsByItsDeadline() throws {
        let stub = try StubModel()
        let collector = PartCollector()
        let call = try collector.call("never-answer")
        stub.instance.infer(call)
        #expect(collector.finalCount == 0)
        call.abandon(SluiceError(.deadlineExceeded, "late"))
        #expect(try collector.waitForFinal().error?.code == .deadlineExceeded)
        #expect(stub.instance.unfinishedCalls == 1, "the plugin still has it")
    }

    @Test func quickModelMustAnswerBeforeItReturns() throws {
        let stub = try StubModel(["quick": "true"])
        let collector = PartCollector()
        stub.instance.infer(try collector.call("never-answer"))
        #expect(try collector.waitForFinal().error?.code == .modelBrokeContract)
        #expect(stub.recorder.violations.withLockedValue { $0 }.count == 1)
    }

    @Test func manyThreadsManyBehavioursOneFinalPartEach() throws {
        let stub = try StubModel(["for": "1ms"])
        let behaviours = [
            "ok", "fail", "fail-by-response", "host-memory", "released", "answer-later", "answer-twice", "wrong-shape",
            "slow", "stream",
        ]
        var collectors = (0..<400).map { _ in PartCollector() }
        DispatchQueue.concurrentPerform(iterations: collectors.count) { [collectors] index in
            guard let call = try? collectors[index].call(behaviours[index % behaviours.count], id: "r\(index)") else {
                return
            }
            stub.instance.infer(call)
            if index % 7 == 0 { call.abandon(SluiceError(.cancelled, "gone")) }
        }
        for collector in collectors { _ = try collector.waitForFinal() }
        #expect(collectors.allSatisfy { $0.finalCount == 1 })
        let deadline = Date().addingTimeInterval(20)
        while stub.instance.unfinishedCalls > 0 && Date() < deadline { usleep(1000) }
        #expect(stub.instance.unfinishedCalls == 0)
        #expect(!stub.instance.isIdle, "outputs in the plugin's memory are still read")
        collectors = []
        #expect(stub.instance.isIdle)
        stub.instance.unload()
    }
}
