import Configuration
@testable import Policies
import Testing

/// Every window is closed by hand: nothing here waits for a clock.
@Suite struct AnomalyTests {
    // MARK: Rates

    /// What becomes of windows of 1,000 requests with so many refused ones, after ten usual ones with ten each.
    @Test(
        arguments: [
            // Usual, and as much above it as chance makes it.
            ([10, 14, 7, 20, 12], [nil, nil, nil, nil, nil]),
            // Four times what is usual, and not yet four times.
            ([39], [nil]), ([60], [.begins]),
            // It lasts while it is above half of the way, and ends after two calm windows in a row.
            ([200, 200, 10, 200, 10, 10], [.begins, nil, nil, nil, nil, .ends]),
            // Between the bounds nothing begins and nothing ends.
            ([35, 200, 60, 60, 60, 10, 10], [nil, .begins, nil, nil, nil, nil, .ends]),
        ] as [([Int], [AnomalyFlag.Change?])])
    func aRateIsHeldAgainstWhatIsUsual(counts: [Int], changes: [AnomalyFlag.Change?]) {
        var anomaly = RateAnomaly()
        for _ in 0..<10 { #expect(anomaly.close(count: 10, of: 1_000, factor: 4, least: 20) == nil) }
        #expect(counts.map { anomaly.close(count: $0, of: 1_000, factor: 4, least: 20) } == changes)
    }

    @Test func fewAreChance() {
        var anomaly = RateAnomaly()
        for _ in 0..<10 { _ = anomaly.close(count: 0, of: 50, factor: 4, least: 20) }
        #expect(anomaly.close(count: 19, of: 50, factor: 4, least: 20) == nil)
        #expect(anomaly.close(count: 20, of: 50, factor: 4, least: 20) == .begins)
    }

    /// A busy morning after a quiet night: as many more of each kind, and nothing is unusual.
    @Test func moreOfEverythingIsNothingUnusual() {
        var anomaly = RateAnomaly()
        for _ in 0..<100 { #expect(anomaly.close(count: 0, of: 3, factor: 4, least: 20) == nil) }
        for _ in 0..<10 { #expect(anomaly.close(count: 30, of: 3_000, factor: 4, least: 20) == nil) }
        for _ in 0..<10 { #expect(anomaly.close(count: 300, of: 30_000, factor: 4, least: 20) == nil) }
    }

    @Test func nothingIsJudgedBeforeItIsKnown() {
        var anomaly = RateAnomaly()
        for _ in 0..<Baseline.fewest { #expect(anomaly.close(count: 900, of: 1_000, factor: 4, least: 20) == nil) }
    }

    /// Where a third of all is refused, four times as much can't be; two thirds are as telling.
    @Test func whereMuchIsUsualMoreIsStillSeen() {
        var anomaly = RateAnomaly()
        for _ in 0..<30 { #expect(anomaly.close(count: 330, of: 1_000, factor: 4, least: 20) == nil) }
        #expect(anomaly.close(count: 600, of: 1_000, factor: 4, least: 20) == nil)
        #expect(anomaly.close(count: 800, of: 1_000, factor: 4, least: 20) == .begins)
    }

    /// What never ends is the usual one day, whatever its share.
    @Test(arguments: [50, 100, 300, 500, 700, 1_000]) func whatLastsBecomesTheUsual(count: Int) {
        var anomaly = RateAnomaly()
        for _ in 0..<50 { _ = anomaly.close(count: 5, of: 1_000, factor: 4, least: 20) }
        #expect(anomaly.close(count: count, of: 1_000, factor: 4, least: 20) == .begins)
        let changes = (0..<60).map { _ in anomaly.close(count: count, of: 1_000, factor: 4, least: 20) }
        #expect(changes.compactMap { $0 } == [.ends])
        let end = changes.firstIndex(of: .ends) ?? 0
        #expect(end >= 3, "\(end)")
    }

    /// Requests whose fates are dice: however often they are thrown, nothing unusual is found.
    @Test(arguments: 0..<20 as Range<UInt64>, [10, 100]) func chanceIsNoAnomaly(seed: UInt64, requests: Int) {
        var random = SeededNumbers(seed: seed &+ 7)
        var anomaly = RateAnomaly()
        let chance = Double.random(in: 0.001..<0.3, using: &random)
        var begun = 0
        for _ in 0..<200 {
            let total = Int.random(in: requests / 2...requests * 2, using: &random)
            let count = (0..<total).count { _ in Double.random(in: 0..<1, using: &random) < chance }
            if anomaly.close(count: count, of: total, factor: 4, least: 20) == .begins { begun += 1 }
        }
        #expect(begun == 0, "\(chance)")
    }

    // MARK: Sizes

    private func sizes(_ bodies: [(bytes: Int, count: Int)]) -> [Int] {
        var sizes = Array(repeating: 0, count: SizeClass.count)
        for (bytes, count) in bodies { sizes[SizeClass.index(of: bytes)] += count }
        return sizes
    }

    @Test func bodiesMuchLargerThanNearlyAllAreUnusual() {
        var anomaly = SizeAnomaly()
        let usual = sizes([(500, 200), (3_000, 40)])
        for _ in 0..<5 { #expect(anomaly.close(usual, factor: 4, least: 20) == nil) }
        #expect(anomaly.usualBytes == 4_096)
        // Larger than any before, but not by enough; by enough, but too few.
        #expect(anomaly.close(sizes([(500, 200), (9_000, 30)]), factor: 4, least: 20) == nil)
        #expect(anomaly.close(sizes([(500, 200), (1 << 20, 19)]), factor: 4, least: 20) == nil)
        #expect(anomaly.close(sizes([(500, 200), (1 << 20, 20)]), factor: 4, least: 20) == .begins)
        #expect(anomaly.close(sizes([(500, 200), (1 << 20, 15)]), factor: 4, least: 20) == nil)
        #expect(anomaly.close(usual, factor: 4, least: 20) == nil)
        #expect(anomaly.close(usual, factor: 4, least: 20) == .ends)
    }

    @Test func aFewBodiesSayNothing() {
        var anomaly = SizeAnomaly()
        for _ in 0..<20 { #expect(anomaly.close(sizes([(10, 2)]), factor: 4, least: 1) == nil) }
        #expect(anomaly.usualBytes == nil)
        #expect(anomaly.close(sizes([(1 << 30, 1_000)]), factor: 4, least: 1) == nil)
    }

    @Test func largerBodiesBecomeTheUsual() {
        var anomaly = SizeAnomaly()
        for _ in 0..<20 { _ = anomaly.close(sizes([(500, 1_000)]), factor: 4, least: 20) }
        let changes = (0..<60).map { _ in anomaly.close(sizes([(500, 900), (1 << 20, 100)]), factor: 4, least: 20) }
        #expect(changes.compactMap { $0 } == [.begins, .ends])
    }

    @Test func classesHoldTheirSizes() {
        for bytes in [0, 1, 127, 128, 129, 255, 256, 4_095, 4_096, 1 << 20, 1 << 36, 1 << 37 - 1] {
            let index = SizeClass.index(of: bytes)
            #expect(SizeClass.start(of: index) <= bytes && bytes < SizeClass.end(of: index), "\(bytes)")
        }
        #expect(SizeClass.index(of: .max) == SizeClass.count - 1)
    }
}

/// Numbers that are the same in every run.
private struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
