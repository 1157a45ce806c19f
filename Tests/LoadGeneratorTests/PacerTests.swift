import LoadGenerator
import Tensors
import Testing

/// A moment in milliseconds on the test's own clock.
private func at(_ milliseconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: UInt64(milliseconds * 1_000_000))
}

@Suite struct PacerTests {
    private func send(_ milliseconds: Double, recorded: Bool = true) -> Pacer.Step {
        .send(Pacer.Ticket(due: at(milliseconds), isRecorded: recorded))
    }

    @Test func closedLoopSendsWheneverAConnectionIsFree() {
        var pacer = Pacer(.closed, length: .nanoseconds(10_000_000), start: at(100))
        #expect(pacer.next(at: at(100)) == send(100))
        #expect(pacer.next(at: at(100)) == send(100))
        #expect(pacer.next(at: at(109.9)) == send(109.9))
        #expect(pacer.next(at: at(110)) == .finished)
        #expect(pacer.stop(at: at(110)) == 0)
    }

    @Test func openLoopSendsAtFixedTimes() {
        var pacer = Pacer(.open(rate: 1000, spacing: .even), length: .nanoseconds(4_000_000), start: at(100))
        #expect(pacer.next(at: at(100)) == send(100))
        #expect(pacer.next(at: at(100.2)) == .wait(until: at(101)))
        #expect(pacer.next(at: at(101)) == send(101))
        #expect(pacer.next(at: at(102.5)) == send(102))
        #expect(pacer.next(at: at(103)) == send(103))
        // What would be due at 104 is after the end.
        #expect(pacer.next(at: at(103.5)) == .finished)
        #expect(pacer.stop(at: at(104)) == 0)
    }

    @Test func lateRequestsKeepTheTimeAtWhichTheyWereDue() {
        var pacer = Pacer(.open(rate: 1000, spacing: .even), length: .nanoseconds(1_000_000_000), start: at(0))
        #expect(pacer.next(at: at(0)) == send(0))
        // The server stalls for 50 ms; what was due meanwhile goes out at once, and its latency counts from then.
        for millisecond in 1...50 { #expect(pacer.next(at: at(50)) == send(Double(millisecond))) }
        #expect(pacer.next(at: at(50)) == .wait(until: at(51)))
    }

    @Test func whatNeverWentOutIsCounted() {
        var pacer = Pacer(.open(rate: 1000, spacing: .even), length: .nanoseconds(100_000_000), start: at(0))
        #expect(pacer.next(at: at(0)) == send(0))
        #expect(!pacer.isOver(at: at(1099)))
        #expect(pacer.isOver(at: at(1100)))
        #expect(pacer.next(at: at(1100)) == .finished)
        // Due at 1, 2, … 99 ms.
        #expect(pacer.stop(at: at(1130)) == 99)
        #expect(pacer.stop(at: at(1140)) == 0)
        #expect(pacer.next(at: at(1)) == .finished)
    }

    @Test func whatWasDueBeforeTheEndGoesOutAfterIt() {
        var pacer = Pacer(.open(rate: 1000, spacing: .even), length: .nanoseconds(4_000_000), start: at(0))
        #expect(pacer.next(at: at(0)) == send(0))
        #expect(pacer.next(at: at(5)) == send(1))
        #expect(!pacer.isOver(at: at(6)))
        #expect(pacer.next(at: at(900)) == send(2))
        #expect(pacer.next(at: at(900)) == send(3))
        #expect(pacer.isOver(at: at(900)))
        #expect(pacer.next(at: at(900)) == .finished)
        #expect(pacer.stop(at: at(900)) == 0)
    }

    @Test func stoppingEarlyCountsOnlyWhatWasDue() {
        var pacer = Pacer(.open(rate: 1000, spacing: .even), length: .nanoseconds(100_000_000), start: at(0))
        #expect(pacer.next(at: at(0)) == send(0))
        #expect(pacer.stop(at: at(10.5)) == 10)
    }

    @Test func warmingUpIsSentButNotRecorded() {
        var pacer = Pacer(.closed, length: .nanoseconds(5_000_000), warmUpNanoseconds: 2_000_000, start: at(0))
        #expect(pacer.next(at: at(0)) == send(0, recorded: false))
        #expect(pacer.next(at: at(1.9)) == send(1.9, recorded: false))
        #expect(pacer.next(at: at(2)) == send(2))
        #expect(pacer.next(at: at(6.9)) == send(6.9))
        #expect(pacer.next(at: at(7)) == .finished)
    }

    @Test func countsOnlyWhatIsRecorded() {
        var pacer = Pacer(.closed, length: .requests(2), warmUpNanoseconds: 1_000_000, start: at(0))
        for _ in 0..<10 { #expect(pacer.next(at: at(0.5)) == send(0.5, recorded: false)) }
        #expect(pacer.next(at: at(1)) == send(1))
        #expect(!pacer.isOver(at: at(1)))
        #expect(pacer.next(at: at(2)) == send(2))
        #expect(pacer.isOver(at: at(2)))
        #expect(pacer.next(at: at(3)) == .finished)
    }

    @Test func unsentNeverExceedsTheCount() {
        var pacer = Pacer(.open(rate: 1000, spacing: .even), length: .requests(5), start: at(0))
        #expect(pacer.next(at: at(0)) == send(0))
        #expect(pacer.stop(at: at(1000)) == 4)
    }
}

@Suite struct ArrivalsTests {
    @Test func evenGapsDoNotDrift() {
        // A third of a millisecond has no exact form; a million of them must still end where they should.
        var arrivals = Arrivals(rate: 3000, spacing: .even, start: at(0))
        for _ in 0..<3_000_000 { arrivals.advance() }
        #expect(arrivals.next == at(1_000_000))
    }

    @Test func severalSourcesInterleave() {
        let phases: [Double] = [0, 0.25, 0.5, 0.75]
        let firsts = phases.map { Arrivals(rate: 100, spacing: .even, start: at(0), phase: $0).next }
        #expect(firsts == [at(0), at(2.5), at(5), at(7.5)])
    }

    @Test func poissonGapsHaveTheirMeanAndSpread() {
        var arrivals = Arrivals(rate: 1000, spacing: .poisson, start: at(0), seed: 7)
        var gaps: [Double] = []
        var last = MonotonicTime(nanoseconds: 0)
        for _ in 0..<100_000 {
            gaps.append(Double(arrivals.next.nanoseconds(since: last)) / 1e6)
            last = arrivals.next
            arrivals.advance()
        }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        #expect(abs(mean - 1) < 0.02)
        // An exponential distribution's deviation equals its mean.
        #expect(abs(variance.squareRoot() - 1) < 0.03)
    }

    @Test func theSameSeedGivesTheSameTimes() {
        var (one, other) = (
            Arrivals(rate: 10, spacing: .poisson, start: at(0), seed: 3),
            Arrivals(rate: 10, spacing: .poisson, start: at(0), seed: 3)
        )
        for _ in 0..<100 {
            #expect(one.next == other.next)
            one.advance()
            other.advance()
        }
        #expect(one.next != Arrivals(rate: 10, spacing: .poisson, start: at(0), seed: 4).next)
    }
}
