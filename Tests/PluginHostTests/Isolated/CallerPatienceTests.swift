import Testing

@testable import PluginHost

/// When a caller waits on the spot for a quick model's answer.
@Suite struct CallerPatienceTests {
    @Test func oneCallerWaitsAtATime() {
        var patience = CallerPatience()
        let first = patience.begin()
        let second = patience.begin()
        patience.end(wasAnswered: true)
        let third = patience.begin()
        #expect(first && !second && third)
    }

    @Test func answersThatComeTooLateAreWaitedForLessAndLess() {
        var patience = CallerPatience()
        var skipped: [Int] = []
        for _ in 0..<13 {
            var calls = 0
            while !patience.begin() { calls += 1 }
            skipped.append(calls)
            patience.end(wasAnswered: false)
        }
        #expect(skipped == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024])
    }

    @Test func oneAnswerInTimeBringsPatienceBack() {
        var patience = CallerPatience()
        for _ in 0..<5 {
            while !patience.begin() {}
            patience.end(wasAnswered: false)
        }
        while !patience.begin() {}
        patience.end(wasAnswered: true)
        let next = patience.begin()
        #expect(next)
    }
}
