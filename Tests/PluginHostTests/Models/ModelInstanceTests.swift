import Dispatch
import Foundation
import PluginHost
import NIOConcurrencyHelpers
import Tensors
import Testing

/// Every behaviour of stub-faulty that a process survives, in this one and in a runner: whatever a plugin does, the caller
/// gets exactly one final part.
@Suite struct ModelInstanceTests {
    @Test(arguments: Hosting.allCases) func modelDescribesItself(hosting: Hosting) throws {
        let stub = try StubModel.warm(["batching": "concat", "concurrency": "3"], in: hosting)
        let description = stub.instance.description
        #expect(description.signature.batching == .concat)
        #expect(description.signature.inputs.map(\.name) == ["INPUT0"])
        #expect(description.signature.inputs[0].shape?.first == -1, "the batch dimension is put in front")
        #expect(description.maximumConcurrency == 3)
        #expect(!description.isQuick)
        stub.instance.unload()
    }

    @Test(
        arguments: Hosting.allCases,
        [
            ("load-fails", PluginLoadError.Kind.loadFailed), ("describe-null", .badDescription),
            ("describe-nameless", .badDescription),
        ])
    func modelThatCantBeLoadedSaysWhy(hosting: Hosting, expected: (String, PluginLoadError.Kind)) {
        let (behaviour, kind) = expected
        do {
            _ = try StubModel(["behaviour": behaviour], in: hosting)
            Issue.record("it was loaded")
        } catch {
            let failure = error as? PluginLoadError
            #expect(failure?.kind == kind)
            #expect(failure?.message.contains("\"stub\"") == true, "\(error)")
        }
    }

    @Test(arguments: Hosting.allCases) func failedWarmUpSaysWhy(hosting: Hosting) throws {
        let stub = try StubModel(["behaviour": "warmup-fails"], in: hosting)
        #expect { try stub.instance.warmUp() } throws: { ($0 as? PluginLoadError)?.kind == .warmupFailed }
        stub.instance.unload()
    }

    @Test(arguments: Hosting.allCases, ["ok", "host-memory", "released", "answer-later", "slow"])
    func goodAnswerArrivesWhole(hosting: Hosting, behaviour: String) throws {
        let stub = try StubModel.warm(["for": "20ms"], in: hosting)
        let collector = PartCollector()
        stub.instance.infer(try collector.call(behaviour))
        let part = try collector.waitForFinal()
        #expect(part.error == nil)
        #expect(part.outputs.map(\.name) == ["OUTPUT0"])
        #expect(part.outputs.first?.elements(as: Float.self) == [1, 2, 3, 4])
        #expect(stub.recorder.violations.withLockedValue { $0 }.isEmpty)
    }

    /// stub-faulty's "ok" answers with its input: that may be shared, and must outlive the request.
    @Test(arguments: Hosting.allCases) func answerThatIsTheInputStaysWhatItWas(hosting: Hosting) throws {
        let stub = try StubModel.warm(in: hosting)
        var parts: [InferencePart] = []
        for _ in 0..<20 {
            let collector = PartCollector()
            stub.instance.infer(try collector.call("ok"))
            parts.append(try collector.waitForFinal())
        }
        #expect(parts.allSatisfy { $0.outputs.first?.elements(as: Float.self) == [1, 2, 3, 4] })
        parts = []
        #expect(eventually { stub.instance.isIdle })
        stub.instance.unload()
    }

    /// In a runner all inputs are parts of one storage, and here those of one body may be.
    @Test(arguments: Hosting.allCases) func answerThatIsAnInputIsThatPartOfItsStorage(hosting: Hosting) throws {
        let stub = try StubModel.warm(in: hosting)
        let memory = hosting == .inProcess ? nil : stub.instance.inputMemory
        let storage = try #require(TensorStorage.allocateIfPossible(byteCount: 12 * 4, pool: memory))
        storage.mutableBytes.copyBytes(from: (0..<12).flatMap { withUnsafeBytes(of: Float($0)) { Array($0) } })
        for start in [0, 4, 8] {
            let input = try Tensor(
                name: "INPUT0", dataType: .fp32, shape: [1, 4], storage: storage, byteOffset: start * 4, byteCount: 16)
            let collector = PartCollector()
            stub.instance.infer(try collector.call("ok", input: input))
            let output = try #require(try collector.waitForFinal().outputs.first)
            #expect(output.elements(as: Float.self) == (start..<start + 4).map { Float($0) })
            #expect(output.storage.base + output.byteOffset == storage.base + start * 4, "it was not copied")
        }
        #expect(stub.recorder.violations.withLockedValue { $0 }.isEmpty)
    }

    @Test(arguments: Hosting.allCases) func pluginMemoryIsReleasedOnceItIsNotUsedAnyMore(hosting: Hosting) throws {
        let stub = try StubModel.warm(in: hosting)
        for _ in 0..<10 {
            let collector = PartCollector()
            stub.instance.infer(try collector.call("released"))
            _ = try collector.waitForFinal()
        }
        let collector = PartCollector()
        stub.instance.infer(try collector.call("ok"))
        let parameters = try collector.waitForFinal().parameters
        #expect(parameters.first { $0.key == "allocated" }?.value == .string("10"))
        // A runner copies such an output and releases it right after it has answered, which may be a moment later.
        #expect(eventually { stub.recorder.observed.withLockedValue { $0[1] } == 10 })
    }

    @Test(arguments: Hosting.allCases) func streamedPartsComeInOrder(hosting: Hosting) throws {
        let stub = try StubModel.warm(["behaviour": "stream", "parts": "5"], in: hosting)
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

    @Test(arguments: Hosting.allCases) func callerWhoLeavesEndsAStream(hosting: Hosting) throws {
        let stub = try StubModel.warm(["behaviour": "stream-until-cancelled", "for": "30s"], in: hosting)
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

    @Test(
        arguments: Hosting.allCases,
        [
            ("fail", "told to fail", SluiceError.Code.modelFailed), ("fail-by-response", "told to fail", .modelFailed),
        ])
    func failureIsReported(hosting: Hosting, expected: (String, String, SluiceError.Code)) throws {
        let (behaviour, text, code) = expected
        let stub = try StubModel.warm(in: hosting)
        let collector = PartCollector()
        stub.instance.infer(try collector.call(behaviour))
        let error = try #require(try collector.waitForFinal().error)
        #expect(error.code == code)
        #expect(error.message.contains(text))
        #expect(stub.recorder.violations.withLockedValue { $0 }.isEmpty)
    }

    @Test(
        arguments: Hosting.allCases,
        [
            ("INVALID_ARGUMENT", SluiceError.Code.modelRejectedInput), ("UNAVAILABLE", .modelUnavailable),
            ("UNIMPLEMENTED", .modelUnimplemented), ("DATA_LOSS", .modelFailed), ("CANCELLED", .cancelled),
        ])
    func pluginsStatusBecomesACode(hosting: Hosting, expected: (String, SluiceError.Code)) throws {
        let (status, code) = expected
        let stub = try StubModel.warm(in: hosting)
        let collector = PartCollector()
        stub.instance.infer(try collector.call("fail", more: ["status": status]))
        #expect(try collector.waitForFinal().error?.code == code)
    }

    @Test(
        arguments: Hosting.allCases,
        [
            "wrong-shape", "negative-shape", "short-data", "wrong-name", "wrong-datatype", "unknown-datatype",
            "null-data",
            "extra-output", "error-without-final",
        ])
    func answerThatBreaksTheContractIsAFailure(hosting: Hosting, behaviour: String) throws {
        let stub = try StubModel.warm(in: hosting)
        let collector = PartCollector()
        stub.instance.infer(try collector.call(behaviour))
        let error = try #require(try collector.waitForFinal().error)
        #expect(error.code == .modelBrokeContract, "\(error)")
        #expect(stub.recorder.violations.withLockedValue { $0 }.count >= 1)
        #expect(collector.finalCount == 1)
    }

    @Test(arguments: Hosting.allCases, ["answer-twice", "error-after-answering"])
    func answerAfterTheAnswerIsRefusedAndReported(hosting: Hosting, behaviour: String) throws {
        let stub = try StubModel.warm(in: hosting)
        let collector = PartCollector()
        stub.instance.infer(try collector.call(behaviour))
        #expect(try collector.waitForFinal().error == nil)
        #expect(collector.finalCount == 1)
        #expect(eventually { stub.recorder.violations.withLockedValue { $0 }.count == 1 })
        #expect(stub.instance.unfinishedCalls == 0)
    }

    @Test(arguments: Hosting.allCases) func lateAnswerFromAnotherThreadIsRefusedAndReported(hosting: Hosting) throws {
        let stub = try StubModel.warm(["for": "1ms"], in: hosting)
        let collector = PartCollector()
        stub.instance.infer(try collector.call("answer-after-final"))
        #expect(try collector.waitForFinal().error == nil)
        // The stub's own thread answers once more soon; other requests meanwhile take other slots.
        let deadline = Date().addingTimeInterval(20)
        while stub.recorder.violations.withLockedValue({ $0 }).isEmpty && Date() < deadline { usleep(1000) }
        #expect(stub.recorder.violations.withLockedValue { $0 }.count == 1)
        #expect(collector.finalCount == 1)
        #expect(eventually { stub.instance.isIdle })
        stub.instance.unload()
    }

    @Test(arguments: Hosting.allCases) func abandonedCallIsTakenBackWhenThePluginEndsIt(hosting: Hosting) throws {
        let stub = try StubModel.warm(["for": "30s"], in: hosting)
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

    /// The moment in which a call goes over to the plugin must not lose what its caller says just then.
    @Test(arguments: Hosting.allCases) func callAbandonedAsItGoesOverIsAnswered(hosting: Hosting) throws {
        let stub = try StubModel.warm(["for": "30s"], in: hosting)
        for _ in 0..<50 {
            let collector = PartCollector()
            let call = try collector.call("hang")
            let thread = Thread { stub.instance.infer(call) }
            thread.start()
            while call.isWaiting {}
            call.abandon(SluiceError(.cancelled, "gone"))
            #expect(try collector.waitForFinal().error?.code == .cancelled)
            #expect(eventually { stub.instance.unfinishedCalls == 0 })
            #expect(collector.finalCount == 1)
        }
        #expect(stub.recorder.violations.withLockedValue { $0 }.isEmpty)
    }

    @Test(arguments: Hosting.allCases) func callAbandonedBeforeItStartsNeverReachesThePlugin(hosting: Hosting) throws {
        let stub = try StubModel.warm(in: hosting)
        let collector = PartCollector()
        let call = try collector.call("fail")
        call.abandon(SluiceError(.cancelled, "gone"))
        stub.instance.infer(call)
        #expect(try collector.waitForFinal().error?.code == .cancelled)
        #expect(collector.finalCount == 1)
        #expect(stub.instance.unfinishedCalls == 0)
    }

    @Test(arguments: Hosting.allCases) func callThatIsNeverAnsweredEndsByItsDeadline(hosting: Hosting) throws {
        let stub = try StubModel.warm(in: hosting)
        let collector = PartCollector()
        let call = try collector.call("never-answer")
        stub.instance.infer(call)
        #expect(collector.finalCount == 0)
        call.abandon(SluiceError(.deadlineExceeded, "late"))
        #expect(try collector.waitForFinal().error?.code == .deadlineExceeded)
        #expect(stub.instance.unfinishedCalls == 1, "the plugin still has it")
    }

    @Test(arguments: Hosting.allCases) func quickModelMustAnswerBeforeItReturns(hosting: Hosting) throws {
        let stub = try StubModel.warm(["quick": "true"], in: hosting)
        let collector = PartCollector()
        stub.instance.infer(try collector.call("never-answer"))
        #expect(try collector.waitForFinal().error?.code == .modelBrokeContract)
        #expect(stub.recorder.violations.withLockedValue { $0 }.count == 1)
    }

    @Test(arguments: Hosting.allCases) func manyThreadsManyBehavioursOneFinalPartEach(hosting: Hosting) throws {
        let stub = try StubModel.warm(["for": "1ms"], in: hosting)
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
        #expect(
            stub.instance.isIdle == (hosting == .isolated),
            "outputs in the plugin's memory are still read; those of a runner outlive it")
        collectors = []
        #expect(stub.instance.isIdle)
        stub.instance.unload()
    }
}

/// Several requests in one call into a plugin that takes lists.
@Suite struct ListTests {
    private func calls(_ collectors: [PartCollector], more: [[String: String]]) throws -> [InferenceCall] {
        try zip(collectors, more).enumerated().map { index, pair in
            try pair.0.call(nil, id: "r\(index)", more: pair.1)
        }
    }

    @Test func aListIsOneCallAndEachIsLetGoOnce() throws {
        let stub = try StubModel(["batching": "list"])
        let collectors = (0..<3).map { _ in PartCollector() }
        let letGo = NIOLockedValueBox(0)
        let calls = try calls(
            collectors, more: [[:], ["behaviour": "fail"], ["behaviour": "answer-later", "for": "5ms"]])
        for call in calls { call.afterwards { letGo.withLockedValue { $0 += 1 } } }
        stub.instance.infer(calls)
        let parts = try collectors.map { try $0.waitForFinal() }
        #expect(parts[0].error == nil && parts[2].error == nil)
        #expect(parts[1].error?.code == .modelFailed)
        #expect(parts[0].parameters.first { $0.key == "list" }?.value == .string("3"))
        #expect(collectors.map(\.finalCount) == [1, 1, 1])
        #expect(stub.recorder.violations.withLockedValue { $0 }.isEmpty)
        // The last answer is there before the plugin's thread has come back from giving it.
        #expect(eventually { letGo.withLockedValue { $0 } == 3 && stub.instance.isIdle })
        stub.instance.unload()
    }

    @Test(arguments: [true, false]) func aListThatFailsIsTriedSinglyWhereItMay(mayRetry: Bool) throws {
        let stub = try StubModel(["batching": "list", "no_retry": mayRetry ? "false" : "true"])
        let collectors = (0..<2).map { _ in PartCollector() }
        stub.instance.infer(try calls(collectors, more: [["fail_list": "1"], [:]]))
        for part in try collectors.map({ try $0.waitForFinal() }) { #expect((part.error == nil) == mayRetry) }
        #expect(collectors.map(\.finalCount) == [1, 1])
        #expect(stub.instance.isIdle)
        stub.instance.unload()
    }

    @Test func whoHasLeftIsLeftOut() throws {
        let stub = try StubModel(["batching": "list"])
        let collectors = (0..<3).map { _ in PartCollector() }
        let calls = try calls(collectors, more: [[:], [:], [:]])
        let letGo = NIOLockedValueBox(false)
        calls[1].afterwards { letGo.withLockedValue { $0 = true } }
        calls[1].abandon(SluiceError(.cancelled, "gone"))
        stub.instance.infer(calls)
        #expect(try collectors[0].waitForFinal().parameters.first { $0.key == "list" }?.value == .string("2"))
        #expect(try collectors[1].waitForFinal().error?.code == .cancelled)
        #expect(letGo.withLockedValue { $0 })
        #expect(collectors.map(\.finalCount) == [1, 1, 1])
        stub.instance.unload()
    }
}
