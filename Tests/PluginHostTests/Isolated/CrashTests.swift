import Foundation
import Glibc
import NIOConcurrencyHelpers
import PluginHost
import Tensors
import Testing

/// What a plugin does to its runner is the runner's end, and nobody else's.
@Suite struct CrashTests {
    private static let limit = SandboxPlan(memoryLimit: 256 << 20)

    /// A sanitizer takes signals, tells of them and exits by itself.
    private static let isSanitized = ProcessInfo.processInfo.environment["SLUICE_TEST_PLUGINS"] != nil

    /// Behaviours, and how their end is told.
    static let ends: [(behaviour: String, cause: RunnerFailure.Cause, end: String)] = [
        ("segfault", .crashed, "SIGSEGV"), ("abort", .crashed, "SIGABRT"), ("exit", .crashed, "exit status 3"),
        ("wild-write", .crashed, "SIG"), ("corrupt-ring", .brokeRing, "SIGKILL"), ("spin", .hung, "SIGKILL"),
    ]

    private func answer(_ stub: StubModel, _ behaviour: String? = nil, id: String = "r1") throws -> InferencePart {
        let collector = PartCollector()
        let call = try collector.call(behaviour, id: id, deadline: .seconds(20))
        stub.instance.infer(call)
        let part = try collector.waitForFinal()
        #expect(collector.finalCount == 1)
        return part
    }

    /// A request as the gateway makes it: abandoned at its deadline, by somebody who waits elsewhere.
    private func abandonedAnswer(_ stub: StubModel, _ behaviour: String, after wait: Duration) throws -> InferencePart {
        let collector = PartCollector()
        let call = try collector.call(behaviour, deadline: wait)
        let thread = Thread { stub.instance.infer(call) }
        thread.start()
        while MonotonicTime.now < call.envelope.deadline! { usleep(1000) }
        call.abandon(SluiceError(.deadlineExceeded, "late"))
        let part = try collector.waitForFinal()
        #expect(collector.finalCount == 1)
        return part
    }

    @Test(arguments: ends) func crashIsOneRequestsErrorAndTheNextIsAnswered(
        row: (behaviour: String, cause: RunnerFailure.Cause, end: String)
    ) throws {
        let stub = try StubModel.warm(["no_retry": "true"], in: .isolated, grace: .milliseconds(50))
        #expect(try answer(stub).error == nil)
        let error =
            row.cause == .hung
            ? try abandonedAnswer(stub, row.behaviour, after: .milliseconds(50)).error
            : try answer(stub, row.behaviour, id: "the-one").error
        #expect(error?.code == (row.cause == .hung ? .deadlineExceeded : .pluginCrashed))
        // A runner that hangs takes requests until it is given up, and with them it goes.
        if row.cause == .hung { #expect(eventually { !stub.recorder.failures.withLockedValue { $0.isEmpty } }) }
        #expect(try answer(stub, id: "next").error == nil)
        #expect(eventually { !stub.recorder.failures.withLockedValue { $0.isEmpty } })
        #expect(eventually { stub.instance.isReady })
        let failures = stub.recorder.failures.withLockedValue { $0 }
        #expect(failures.count == 1)
        #expect(failures.first?.cause == row.cause)
        if !Self.isSanitized { #expect(failures.first?.end.hasPrefix(row.end) == true, "\(failures)") }
        #expect(failures.first?.requestIDs == [row.cause == .hung ? "r1" : "the-one"])
        #expect(failures.first?.isOpen == false)
        stub.instance.unload()
    }

    @Test func memoryBeyondTheLimitEndsTheRunner() throws {
        let stub = try StubModel.warm(["no_retry": "true"], in: .isolated, sandbox: Self.limit)
        #expect(try answer(stub, "allocate").error?.code == .pluginCrashed)
        #expect(try answer(stub).error == nil)
        #expect(eventually { !stub.recorder.failures.withLockedValue { $0.isEmpty } })
        let failures = stub.recorder.failures.withLockedValue { $0 }
        // Whichever comes first: the watch, or the hard limit behind it, on which the stub aborts.
        #expect(failures.map(\.cause).allSatisfy { $0 == .outOfMemory || $0 == .crashed })
        #expect(failures.count == 1)
        stub.instance.unload()
    }

    @Test func modelThatAllowsItIsTriedOnceMore() throws {
        let stub = try StubModel.warm(in: .isolated)
        #expect(try answer(stub, "segfault").error?.code == .pluginCrashed)
        #expect(eventually { stub.recorder.failures.withLockedValue { $0.count } == 2 })
        #expect(try answer(stub).error == nil)
        stub.instance.unload()
    }

    @Test func innocentRequestIsAnsweredByTheNextRunner() throws {
        let stub = try StubModel.warm(["for": "300ms"], in: .isolated)
        let slow = PartCollector()
        let call = try slow.call("slow", id: "slow", deadline: .seconds(20))
        let thread = Thread { stub.instance.infer(call) }
        thread.start()
        #expect(eventually { stub.instance.unfinishedCalls == 1 })
        _ = try answer(stub, "segfault", id: "guilty")
        // It was in the first runner, and may have been in the second; it is made again once at most.
        let part = try slow.waitForFinal()
        #expect(part.error == nil || part.error?.code == .pluginCrashed)
        #expect(slow.finalCount == 1)
        #expect(eventually { !stub.recorder.failures.withLockedValue { $0.isEmpty } })
        let failures = stub.recorder.failures.withLockedValue { $0 }
        #expect(Set(failures[0].requestIDs) == ["slow", "guilty"])
        stub.instance.unload()
    }

    @Test func callThatIsCancelledOnItsWayNeverReachesThePlugin() throws {
        let stub = try StubModel.warm(["concurrency": "1", "for": "200ms"], in: .isolated)
        let slow = PartCollector()
        let first = try slow.call("slow", id: "first")
        Thread { stub.instance.infer(first) }.start()
        #expect(eventually { stub.instance.unfinishedCalls == 1 })
        let gone = PartCollector()
        let second = try gone.call("ok", id: "second")
        Thread { stub.instance.infer(second) }.start()
        #expect(eventually { stub.instance.unfinishedCalls == 2 })
        second.abandon(SluiceError(.cancelled, "gone"))
        #expect(try gone.waitForFinal().error?.code == .cancelled)
        #expect(try slow.waitForFinal().error == nil)
        let third = try answer(stub)
        #expect(third.parameters.first { $0.key == "calls" }?.value == .string("2"), "the first and the third")
        #expect(stub.instance.unfinishedCalls == 0)
        stub.instance.unload()
    }

    @Test func crashLoopOpensTheBreaker() throws {
        let stub = try StubModel.warm(["no_retry": "true"], in: .isolated)
        var codes: [SluiceError.Code?] = []
        for index in 0..<6 { codes.append(try answer(stub, "abort", id: "r\(index)").error?.code) }
        #expect(codes[..<5].allSatisfy { $0 == .pluginCrashed }, "\(codes)")
        #expect(codes[5] == .modelUnavailable, "the breaker is open: nothing is tried")
        #expect(!stub.instance.isReady)
        // After the wait a single request is let through, and its answer closes the breaker.
        #expect(eventually { stub.instance.isReady })
        #expect(try answer(stub).error == nil)
        #expect(try answer(stub).error == nil)
        #expect(stub.recorder.failures.withLockedValue { $0.last?.isOpen } == true)
        stub.instance.unload()
    }

    @Test func lastLinesOfTheRunnerAreInTheReport() throws {
        let stub = try StubModel.warm(["no_retry": "true"], in: .isolated)
        _ = try answer(stub, "exit-with-words")
        #expect(eventually { !stub.recorder.failures.withLockedValue { $0.isEmpty } })
        let lines = stub.recorder.failures.withLockedValue { $0.first?.lastLines }
        #expect(lines?.contains("these are my last words") == true)
        stub.instance.unload()
    }

    @Test func crashWhileLoadingIsTold() throws {
        do {
            _ = try StubModel(["behaviour": "load-crashes"], in: .isolated)
            Issue.record("it was loaded")
        } catch let error as PluginLoadError {
            #expect(error.kind == .loadFailed)
            #expect(error.message.contains("SIGABRT"), "\(error)")
        }
    }

    @Test func pluginThatBreaksItsContractIsReplaced() throws {
        let stub = try StubModel.warm(in: .isolated)
        #expect(try answer(stub, "answer-twice").error == nil)
        #expect(eventually { stub.recorder.failures.withLockedValue { $0.first?.cause } == .brokeContract })
        #expect(try answer(stub).error == nil)
        stub.instance.unload()
    }

    @Test func outputsOutliveTheRunner() throws {
        let stub = try StubModel.warm(["no_retry": "true"], in: .isolated)
        let part = try answer(stub, "host-memory")
        _ = try answer(stub, "segfault")
        #expect(part.outputs.first?.elements(as: Float.self) == [1, 2, 3, 4])
        stub.instance.unload()
        #expect(part.outputs.first?.elements(as: Float.self) == [1, 2, 3, 4])
    }

    @Test func nothingIsLeftBehind() throws {
        // Inputs carry the model's name, and so show whose mapping it is; other tests run beside this one.
        func mappings() -> Int {
            guard let maps = fopen("/proc/self/maps", "re") else { return -1 }
            defer { fclose(maps) }
            var line = [CChar](repeating: 0, count: 4096)
            var count = 0
            while fgets(&line, Int32(line.count), maps) != nil {
                if strstr(line, "memfd:sluice-inputs-leak") != nil { count += 1 }
            }
            return count
        }
        for _ in 0..<5 {
            let stub = try StubModel.warm(["no_retry": "true"], in: .isolated, name: "leak")
            _ = try answer(stub, "segfault")
            _ = try answer(stub)
            stub.instance.unload()
        }
        #expect(eventually { mappings() == 0 })
    }
}
