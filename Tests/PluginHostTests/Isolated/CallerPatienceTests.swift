import Testing

@testable import PluginHost

/// When a caller waits on the spot for a quick model's answer, and how.
@Suite struct CallerPatienceTests {
    @Test func oneCallerWaitsAtATime() {
        var patience = CallerPatience()
        let first = patience.begin()
        let second = patience.begin()
        patience.end(.look, wasAnswered: true, hasSlept: false)
        let third = patience.begin()
        #expect(first == .look && second == nil && third == .look)
    }

    @Test func answersThatComeTooLateAreWaitedForLessAndLess() {
        var patience = CallerPatience()
        var skipped: [Int] = []
        for _ in 0..<13 {
            let (way, calls) = next(&patience)
            skipped.append(calls)
            patience.end(way, wasAnswered: false, hasSlept: true)
        }
        #expect(skipped == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024])
    }

    @Test func oneAnswerInTimeBringsPatienceBack() {
        var patience = CallerPatience()
        for _ in 0..<5 {
            let (way, _) = next(&patience)
            patience.end(way, wasAnswered: false, hasSlept: true)
        }
        let (way, _) = next(&patience)
        patience.end(way, wasAnswered: true, hasSlept: false)
        let after = patience.begin()
        #expect(after != nil)
    }

    @Test func answersThatAreSleptForAreLookedForLessAndLess() {
        var patience = CallerPatience()
        var slept: [Int] = []
        for _ in 0..<5 {
            var calls = 0
            while true {
                let isLikely = patience.isLikelyToLook
                let way = patience.begin()
                #expect(isLikely == (way == .look))
                if way == .look { break }
                patience.end(.sleep, wasAnswered: true, hasSlept: true)
                calls += 1
            }
            slept.append(calls)
            patience.end(.look, wasAnswered: true, hasSlept: true)
        }
        #expect(slept == [0, 1, 2, 4, 8])
        #expect(!patience.isLikelyToLook)
        while patience.begin() == .sleep { patience.end(.sleep, wasAnswered: true, hasSlept: true) }
        patience.end(.look, wasAnswered: true, hasSlept: false)
        #expect(patience.isLikelyToLook)
    }

    @Test func whoeverHasSeveralCallsSleepsUntilTheyHaveBeenAloneForAWhile() {
        var patience = CallerPatience()
        #expect(patience.begin(calls: 3) == .sleep)
        #expect(!patience.isLikelyToLook)
        patience.end(.sleep, wasAnswered: true, hasSlept: true)
        var ways: [CallerPatience.Way?] = []
        for _ in 0..<5 {
            #expect(patience.isLikelyToLook == ways.contains(.look))
            let way = patience.begin(calls: 1)
            ways.append(way)
            patience.end(way ?? .sleep, wasAnswered: true, hasSlept: false)
        }
        #expect(ways == [.sleep, .sleep, .sleep, .look, .look])
        #expect(patience.isLikelyToLook)
    }

    /// How the next call that may wait does, after how many that may not.
    private func next(_ patience: inout CallerPatience) -> (CallerPatience.Way, skipped: Int) {
        var calls = 0
        while true {
            if let way = patience.begin() { return (way, calls) }
            calls += 1
        }
    }
}
