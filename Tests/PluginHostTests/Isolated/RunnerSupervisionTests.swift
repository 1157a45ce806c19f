import Tensors
import Testing

@testable import PluginHost

/// When runners are started again, by a clock that the tests set.
@Suite struct RunnerSupervisionTests {
    private static func at(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    private func ready() -> RunnerSupervision {
        var supervision = RunnerSupervision()
        supervision.becameReady()
        return supervision
    }

    @Test func requestsWaitForTheFirstStart() {
        var supervision = RunnerSupervision()
        let first = supervision.admit(now: Self.at(0))
        #expect(first == .wait)
        supervision.becameReady()
        let second = supervision.admit(now: Self.at(1))
        #expect(second == .send)
    }

    @Test func firstFailureIsRepairedAtOnceAndFurtherOnesEverLater() {
        var supervision = ready()
        var waits: [UInt64] = []
        for _ in 0..<14 {
            let until = supervision.failed(now: Self.at(1000), random: 0)
            waits.append(until.nanoseconds(since: Self.at(1000)) / 1_000_000)
            supervision.started()
            supervision.becameReady()
        }
        #expect(waits == [0, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000])
    }

    @Test func chanceMakesWaitsLongerByAFifthAtMost() {
        var supervision = ready()
        _ = supervision.failed(now: Self.at(0), random: 1)
        let until = supervision.failed(now: Self.at(0), random: 1)
        #expect(until == Self.at(60))
        let later = supervision.failed(now: Self.at(0), random: 0.5)
        #expect(later == Self.at(110))
    }

    @Test func answerMakesTheNextFailureTheFirstAgain() {
        var supervision = ready()
        for _ in 0..<3 {
            _ = supervision.failed(now: Self.at(0), random: 0)
            supervision.started()
            supervision.becameReady()
        }
        supervision.answered()
        let until = supervision.failed(now: Self.at(5), random: 0)
        #expect(until == Self.at(5))
    }

    @Test func requestsWaitWhileTheBreakerIsClosedAndAreRefusedWhileItIsOpen() {
        var supervision = ready()
        for _ in 0..<4 {
            _ = supervision.failed(now: Self.at(0), random: 0)
            let admission = supervision.admit(now: Self.at(0))
            #expect(admission == .wait)
            supervision.started()
            let again = supervision.admit(now: Self.at(0))
            #expect(again == .wait)
            supervision.becameReady()
        }
        #expect(!supervision.isOpen)
        _ = supervision.failed(now: Self.at(0), random: 0)
        #expect(supervision.isOpen)
        let refused = supervision.admit(now: Self.at(100))
        #expect(refused == .refuse(retryAfter: 300_000_000), "400 ms less the 100 that have passed")
    }

    @Test func oneRequestTriesARunnerThatIsBackAndItsAnswerClosesTheBreaker() {
        var supervision = ready()
        for _ in 0..<5 { _ = supervision.failed(now: Self.at(0), random: 0) }
        supervision.started()
        let starting = supervision.admit(now: Self.at(500))
        #expect(starting == .refuse(retryAfter: 50_000_000))
        supervision.becameReady()
        let probe = supervision.admit(now: Self.at(500))
        #expect(probe == .send)
        let other = supervision.admit(now: Self.at(501))
        #expect(other == .refuse(retryAfter: 50_000_000))
        supervision.answered()
        #expect(!supervision.isOpen)
        let next = supervision.admit(now: Self.at(502))
        #expect(next == .send)
    }

    @Test func probeThatKillsTheRunnerKeepsTheBreakerOpenForLonger() {
        var supervision = ready()
        for _ in 0..<5 { _ = supervision.failed(now: Self.at(0), random: 0) }
        supervision.started()
        supervision.becameReady()
        _ = supervision.admit(now: Self.at(400))
        let until = supervision.failed(now: Self.at(400), random: 0)
        #expect(until == Self.at(1200))
        supervision.started()
        supervision.becameReady()
        let probe = supervision.admit(now: Self.at(1200))
        #expect(probe == .send, "the next one is a probe again")
    }

    @Test func runnerThatIsBeingReplacedGetsNothing() {
        var supervision = ready()
        supervision.withdrawn()
        let admission = supervision.admit(now: Self.at(0))
        #expect(admission == .wait)
        let until = supervision.failed(now: Self.at(3), random: 0)
        #expect(until == Self.at(3))
    }

    @Test func endIsForGood() {
        var supervision = ready()
        supervision.end()
        supervision.started()
        supervision.becameReady()
        _ = supervision.failed(now: Self.at(0), random: 0)
        let admission = supervision.admit(now: Self.at(0))
        #expect(admission == .refuse(retryAfter: 0))
    }
}

@Suite struct OutputTailTests {
    @Test func lastLinesAreKeptAndLongOnesCut() {
        var tail = OutputTail()
        #expect(tail.append("one\ntw".utf8) == ["one"])
        #expect(tail.append("o\n".utf8) == ["two"])
        let long = tail.append(([UInt8](repeating: 0x78, count: 5000) + [0x0A]))
        #expect(long.map(\.utf8.count) == [1024])
        for index in 0..<30 { _ = tail.append("line \(index)\n".utf8) }
        _ = tail.append("no end".utf8)
        tail.finish()
        #expect(tail.lines.count == 20)
        #expect(tail.lines.last == "no end")
        #expect(tail.lines.first == "line 11")
    }
}
