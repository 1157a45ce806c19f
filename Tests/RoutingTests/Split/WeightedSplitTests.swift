import Routing
import Testing

@Suite struct WeightedSplitTests {
    private static func counts(_ choices: some Sequence<Int>, targets: Int) -> [Int] {
        choices.reduce(into: Array(repeating: 0, count: targets)) { $0[$1] += 1 }
    }

    @Test(arguments: [[90, 10], [50, 50], [1, 99], [33, 33, 34], [70, 20, 9, 1], [100], [60, 40]])
    func any100RequestsInARowGetExactlyTheirPercentages(weights: [Int]) {
        let split = WeightedSplit(weights: weights)
        let choices = (0..<1_000).map { _ in split.next() }
        for start in 0...900 {
            #expect(Self.counts(choices[start..<(start + 100)], targets: weights.count) == weights)
        }
    }

    @Test(arguments: [
        [90, 10], [3, 2, 1], [1, 1, 1, 1, 1], [7, 5, 3, 2, 1], [1, 1_000], [2_000, 1], [13, 17, 19, 23],
    ])
    func atEveryPointNoTargetIsAWholeRequestOff(weights: [Int]) {
        let split = WeightedSplit(weights: weights)
        let total = weights.reduce(0, +)
        var given = Array(repeating: 0, count: weights.count)
        for turn in 1...(2 * total) {
            given[split.next()] += 1
            for (count, weight) in zip(given, weights) { #expect(abs(count * total - turn * weight) < total) }
        }
        #expect(given == weights.map { 2 * $0 })
    }

    @Test func commonFactorsMakeTheRoundShort() {
        #expect(WeightedSplit(weights: [900, 100]).round.count == 10)
        #expect(WeightedSplit(weights: [5, 5]).round == [0, 1])
    }

    @Test(arguments: [[1, 1_000_003], [.max, .max, 1], [1_000_000_007, 998_244_353], [.max, 1, 1, 1]])
    func hugeWeightsAreRoundedButNobodyIsLeftOut(weights: [Int]) {
        let round = WeightedSplit(weights: weights).round
        #expect(round.count <= WeightedSplit.longestRound)
        let total = weights.reduce(0.0) { $0 + Double($1) }
        for (index, weight) in weights.enumerated() {
            let share = Double(round.count { Int($0) == index }) / Double(round.count)
            #expect(share > 0)
            #expect(abs(share - Double(weight) / total) < 0.001)
        }
    }

    @Test(arguments: [[], [0], [-1]]) func oneTargetOrNoneIsAlwaysTheFirst(weights: [Int]) {
        let split = WeightedSplit(weights: weights)
        #expect((0..<10).allSatisfy { _ in split.next() == 0 })
    }

    @Test func threadsTogetherGetTheSameShares() async {
        let split = WeightedSplit(weights: [90, 10])
        let second = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { (0..<1_000).count { _ in split.next() == 1 } } }
            return await group.reduce(0, +)
        }
        #expect(second == 800)
    }
}
