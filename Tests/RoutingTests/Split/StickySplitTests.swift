import Routing
import Testing

@Suite struct StickySplitTests {
    private static let keys = (0..<40_000).map { StickyKey.hash("session-\($0)") }

    private static func counts(_ split: StickySplit, targets: Int) -> [Int] {
        keys.reduce(into: Array(repeating: 0, count: targets)) { $0[split.target(of: $1)] += 1 }
    }

    @Test(arguments: [[90, 10], [50, 50], [1, 99], [33, 33, 34], [70, 20, 9, 1], [5], [1, 1, 1, 1, 1, 1, 1]])
    func sharesOfKeysAreThoseOfTheWeights(weights: [Int]) {
        let split = StickySplit(weights.enumerated().map { ("m\($0)", $1) })
        let total = Double(weights.reduce(0, +))
        for (count, weight) in zip(Self.counts(split, targets: weights.count), weights) {
            let share = Double(weight) / total
            // Five standard deviations of that many draws.
            let bound = 5 * (share * (1 - share) / Double(Self.keys.count)).squareRoot()
            #expect(abs(Double(count) / Double(Self.keys.count) - share) <= bound)
        }
    }

    @Test func aKeyStaysWhereItIsHoweverOftenAndInWhateverOrder() {
        let split = StickySplit([("a", 3), ("b", 2), ("c", 1)])
        let turned = StickySplit([("c", 1), ("a", 3), ("b", 2)])
        for key in Self.keys.prefix(2_000) {
            let target = split.target(of: key)
            #expect(split.target(of: key) == target)
            #expect(["c", "a", "b"][turned.target(of: key)] == ["a", "b", "c"][target])
        }
    }

    @Test func aWeightThatGrowsOnlyMovesKeysToItsTarget() {
        var generator = SplitMix(seed: 5)
        for _ in 0..<20 {
            let count = Int.random(in: 2...6, using: &generator)
            let weights = (0..<count).map { _ in Int.random(in: 1...50, using: &generator) }
            let grown = Int.random(in: 0..<count, using: &generator)
            var later = weights
            later[grown] += Int.random(in: 1...50, using: &generator)
            let before = StickySplit(weights.enumerated().map { ("m\($0)", $1) })
            let after = StickySplit(later.enumerated().map { ("m\($0)", $1) })
            var moved = 0
            for key in Self.keys.prefix(10_000) where before.target(of: key) != after.target(of: key) {
                #expect(after.target(of: key) == grown)
                moved += 1
            }
            // Just the share by which the target's part grew.
            let share =
                Double(later[grown]) / Double(later.reduce(0, +)) - Double(weights[grown])
                / Double(weights.reduce(0, +))
            #expect(abs(Double(moved) / 10_000 - share) < 0.025)
        }
    }

    @Test func aTargetThatIsTakenOutGivesItsKeysAwayAndNobodyElseMoves() {
        let before = StickySplit([("a", 5), ("b", 3), ("c", 2)])
        let after = StickySplit([("a", 5), ("c", 2)])
        for key in Self.keys.prefix(10_000) {
            let was = ["a", "b", "c"][before.target(of: key)]
            let isNow = ["a", "c"][after.target(of: key)]
            if was != "b" { #expect(isNow == was) }
        }
    }

    /// Another gateway, or the same one tomorrow, must come to the same.
    @Test func hashesAreWhatTheyAlwaysWere() {
        #expect(StickyKey.hash("") == 0xF52A_15E9_A9B5_E89B)
        #expect(StickyKey.hash("acme") == StickyKey.hash("acme"))
        #expect(StickyKey.hash("acme") != StickyKey.hash("acmf"))
    }
}
