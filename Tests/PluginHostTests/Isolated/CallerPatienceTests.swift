import SharedMemory
import Testing

@testable import PluginHost

/// When a caller waits on the spot for a quick model's answer, and how.
@Suite struct CallerPatienceTests {
    private static let reader = LocalReader(index: 3)

    @Test func oneCallerWaitsAtATime() {
        var patience = CallerPatience()
        let first = patience.begin { nil }
        let second = patience.begin { nil }
        patience.end(wasAnswered: true)
        let third = patience.begin { nil }
        #expect(first == .sleep && second == nil && third == .sleep)
    }

    @Test func answersThatComeTooLateAreWaitedForLessAndLess() {
        var patience = CallerPatience()
        var skipped: [Int] = []
        for _ in 0..<13 {
            skipped.append(callsUntilOneWaits(&patience))
            patience.end(wasAnswered: false)
        }
        #expect(skipped == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024])
    }

    @Test func oneAnswerInTimeBringsPatienceBack() {
        var patience = CallerPatience()
        for _ in 0..<5 {
            _ = callsUntilOneWaits(&patience)
            patience.end(wasAnswered: false)
        }
        _ = callsUntilOneWaits(&patience)
        patience.end(wasAnswered: true)
        let after = patience.begin { nil }
        #expect(after != nil)
    }

    @Test func aCallerThatIsAloneTakesTurnsWithAReaderOnItsProcessor() {
        var patience = CallerPatience()
        let way = patience.begin { Self.reader }
        #expect(way == .takeTurns(Self.reader))
    }

    @Test func whoeverHasSeveralCallsSleepsUntilTheyHaveBeenAloneForAWhile() {
        var patience = CallerPatience()
        var looks = 0
        func reader() -> LocalReader? {
            looks += 1
            return Self.reader
        }
        let together = patience.begin(calls: 3, reader: reader)
        patience.end(wasAnswered: true)
        var ways: [CallerPatience.Way?] = []
        for _ in 0..<5 {
            ways.append(patience.begin(calls: 1, reader: reader))
            patience.end(wasAnswered: true)
        }
        #expect(together == .sleep)
        #expect(ways == [.sleep, .sleep, .sleep, .takeTurns(Self.reader), .takeTurns(Self.reader)])
        #expect(looks == 2, "none is asked for where none is needed")
    }

    /// How many calls may not wait before one does.
    private func callsUntilOneWaits(_ patience: inout CallerPatience) -> Int {
        var calls = 0
        while patience.begin(reader: { nil }) == nil { calls += 1 }
        return calls
    }
}
