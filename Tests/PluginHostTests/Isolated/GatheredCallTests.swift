import Dispatch
import NIOConcurrencyHelpers
import PluginHost
import Tensors
import Testing

/// Calls of a quick model that their caller makes one after the other before it waits for any.
@Suite struct GatheredCallTests {
    @Test(arguments: Hosting.allCases, [1, 2, 40]) func allAreAnsweredOnce(hosting: Hosting, count: Int) throws {
        let stub = try StubModel.warm(["quick": "true", "streams": "false", "for": "20ms"], in: hosting)
        try makeBusy(stub)
        let collectors = (0..<count).map { _ in PartCollector() }
        for _ in 0..<20 {
            let calls = try collectors.enumerated().map { try $1.call("ok", id: "r\($0)", isGathered: true) }
            for call in calls { stub.instance.infer(call) }
            for call in calls { call.wait() }
            for collector in collectors { #expect(try collector.waitForFinal().error == nil) }
        }
        #expect(collectors.allSatisfy { $0.finalCount == 20 })
        #expect(eventually { stub.instance.unfinishedCalls == 0 })
    }

    /// Callers on several threads, of whom only one may wait at a time.
    @Test func callersDoNotKeepEachOtherFromTheirAnswers() throws {
        let stub = try StubModel.warm(["quick": "true", "streams": "false"], in: .isolated)
        let done = DispatchGroup()
        let collectors = (0..<4).map { _ in PartCollector() }
        for collector in collectors {
            DispatchQueue.global().async(group: done) {
                for turn in 0..<200 {
                    guard let call = try? collector.call("ok", id: "r\(turn)", isGathered: true) else { return }
                    stub.instance.infer(call)
                    call.wait()
                    if (try? collector.waitForFinal()) == nil { return }
                }
            }
        }
        #expect(done.wait(timeout: .now() + 60) == .success)
        #expect(collectors.allSatisfy { $0.finalCount == 200 })
    }

    /// Whoever is abandoned in between is not waited for: the runner hears of it all the same, and lets go of it.
    @Test func callThatIsAbandonedBeforeItIsWaitedForIsLetGo() throws {
        let stub = try StubModel.warm(["quick": "true", "streams": "false", "for": "20ms"], in: .isolated)
        try makeBusy(stub)
        for _ in 0..<20 {
            let collector = PartCollector()
            let call = try collector.call("ok", isGathered: true)
            stub.instance.infer(call)
            call.abandon(SluiceError(.cancelled, "the caller has gone"))
            #expect(eventually { stub.instance.unfinishedCalls == 0 })
            #expect(collector.finalCount == 1)
            call.wait()
        }
        #expect(stub.recorder.failures.withLockedValue { $0 }.isEmpty, "no runner was given up for it")
    }

    /// A caller waits for a moment at most, however long the model takes.
    @Test func answerThatDoesNotComeIsNotWaitedFor() throws {
        let stub = try StubModel.warm(["quick": "true", "streams": "false", "for": "60s"], in: .isolated)
        let collector = PartCollector()
        let call = try collector.call("hang", isGathered: true)
        stub.instance.infer(call)
        call.wait()
        #expect(collector.finalCount == 0)
        // It polls whether it is cancelled.
        call.abandon(SluiceError(.cancelled, "the caller has gone"))
        #expect(try collector.waitForFinal().error?.code == .cancelled)
        #expect(eventually { stub.instance.unfinishedCalls == 0 })
    }

    /// Two calls at a time: from then on callers gather theirs, until some have been alone.
    private func makeBusy(_ stub: StubModel) throws {
        let collectors = [PartCollector(), PartCollector()]
        let calls = try [collectors[0].call("slow", isGathered: true), collectors[1].call("ok", isGathered: true)]
        for call in calls { stub.instance.infer(call) }
        for call in calls { call.wait() }
        for collector in collectors { _ = try collector.waitForFinal() }
    }
}
