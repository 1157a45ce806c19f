import Routing
import Testing

@Suite struct LatencyQuantileTests {
    @Test func saysNothingOfTooFew() {
        var quantile = LatencyQuantile()
        for _ in 1..<LatencyQuantile.fewest { quantile.note(nanoseconds: 1_000_000) }
        #expect(quantile.nanoseconds(at: 95) == nil)
        quantile.note(nanoseconds: 1_000_000)
        #expect(quantile.nanoseconds(at: 95) != nil)
    }

    /// Against the exact quantile of the same times, of several shapes and over nine orders of magnitude.
    @Test(arguments: 0..<40 as Range<UInt64>, [50, 90, 95, 99]) func isAtMostASixteenthTooMuch(
        seed: UInt64, percent: Int
    ) throws {
        var random = SplitMix(seed: seed)
        let scale = UInt64(1) << UInt64.random(in: 11...36, using: &random)
        let count = Int.random(in: LatencyQuantile.fewest..<LatencyQuantile.most, using: &random)
        let times = (0..<count).map { _ -> UInt64 in
            let part = Double.random(in: 0..<1, using: &random)
            switch seed % 3 {
            case 0: return UInt64(Double(scale) * (1 + part))
            case 1: return UInt64(Double(scale) * (part * part * part * 7 + 1))
            default: return Int.random(in: 0..<20, using: &random) == 0 ? scale * 8 : scale
            }
        }
        var quantile = LatencyQuantile()
        for time in times { quantile.note(nanoseconds: time) }
        let exact = times.sorted()[(count * percent + 99) / 100 - 1]
        let said = try #require(quantile.nanoseconds(at: percent))
        #expect(said > exact && Double(said) <= Double(exact) * (1 + 1.0 / 16) + 1, "\(said) for \(exact)")
    }

    @Test func extremesAreBounded() throws {
        var quantile = LatencyQuantile()
        for _ in 0..<50 { quantile.note(nanoseconds: 0) }
        #expect(try #require(quantile.nanoseconds(at: 99)) <= 1_100)
        for _ in 0..<LatencyQuantile.most * 2 { quantile.note(nanoseconds: .max) }
        #expect(try #require(quantile.nanoseconds(at: 50)) >= 1 << 39)
    }

    @Test func oldTimesFade() throws {
        var quantile = LatencyQuantile()
        for _ in 0..<100_000 { quantile.note(nanoseconds: 1_000_000) }
        for _ in 0..<4 * LatencyQuantile.most { quantile.note(nanoseconds: 50_000_000) }
        #expect(try #require(quantile.nanoseconds(at: 50)) > 49_000_000)
        for _ in 0..<4 * LatencyQuantile.most { quantile.note(nanoseconds: 1_000_000) }
        #expect(try #require(quantile.nanoseconds(at: 90)) < 1_100_000)
    }
}
