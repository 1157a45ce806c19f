import NIOEmbedded
import Tensors
import Testing

@testable import Transport

/// Which of a loop's connections does what when.
struct ReadRoundTests {
    /// What members did, and the time that it took.
    private final class Log {
        var entries: [String] = []
        var now = MonotonicTime(nanoseconds: 1_000_000_000)
    }

    private final class Member: RoundMember {
        let name: String
        let log: Log
        var takes: UInt64 = 0
        var whileTaking: () -> Void = {}

        init(_ name: String, _ log: Log) {
            self.name = name
            self.log = log
        }

        func takeRead() {
            log.entries.append("take \(name)")
            log.now = log.now.advanced(byNanoseconds: takes)
            whileTaking()
        }

        func answerRead() { log.entries.append("answer \(name)") }
    }

    @Test func allAreTakenBeforeTheFirstIsAnswered() {
        let (log, loop) = (Log(), EmbeddedEventLoop())
        let round = ReadRound(now: { log.now })
        for name in ["a", "b", "c"] { round.add(Member(name, log), eventLoop: loop) }
        #expect(log.entries.isEmpty)
        loop.run()
        #expect(log.entries == ["take a", "take b", "take c", "answer a", "answer b", "answer c"])
        loop.run()
        #expect(log.entries.count == 6)
    }

    /// A model that computes on the event loop must not keep the answers back that are there.
    @Test func answersDoNotWaitForLong() {
        let (log, loop) = (Log(), EmbeddedEventLoop())
        let round = ReadRound(now: { log.now })
        for name in ["a", "b", "c", "d"] {
            let member = Member(name, log)
            member.takes = name == "b" ? 1_000_000 : 10_000
            round.add(member, eventLoop: loop)
        }
        loop.run()
        #expect(
            log.entries == [
                "take a", "take b", "answer a", "answer b", "take c", "take d", "answer c", "answer d",
            ])
    }

    @Test func whoReadsMeanwhileIsInTheNextRound() {
        let (log, loop) = (Log(), EmbeddedEventLoop())
        let round = ReadRound(now: { log.now })
        let (first, second) = (Member("a", log), Member("b", log))
        first.whileTaking = {
            first.whileTaking = {}
            round.add(second, eventLoop: loop)
        }
        round.add(first, eventLoop: loop)
        loop.run()
        #expect(log.entries == ["take a", "answer a", "take b", "answer b"])
    }
}
