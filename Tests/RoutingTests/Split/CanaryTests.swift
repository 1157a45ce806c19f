import Configuration
import Routing
import Tensors
import Testing

@Suite struct CanaryTests {
    private static func withCanary(_ canary: CanaryConfiguration, _ stickiness: Stickiness? = nil) -> RouteConfiguration
    {
        var route = route("r", model: "m", to: [("old", 1), ("new", 1)])
        route.canary = canary
        route.stickiness = stickiness
        return route
    }

    private static func compiled(_ canary: CanaryConfiguration, previous: RouteTable? = nil) -> RouteTable {
        RouteTable(configuration([withCanary(canary)]), previous: previous)
    }

    @Test(arguments: [0, 1, 33, 100, 1_000, 2_500, 3_333, 5_000, 9_999, 10_000])
    func anyWholeOfRequestsInARowGivesItExactlyItsShare(share: Int) {
        let turns = (0..<30_000).map { Canary.takes(turn: UInt64($0), share: share) }
        var window = turns[..<10_000].count { $0 }
        #expect(window == share)
        for start in 1..<20_000 {
            window += (turns[start + 9_999] ? 1 : 0) - (turns[start - 1] ? 1 : 0)
            #expect(window == share)
        }
        var given = 0
        for (turn, isCanary) in turns.enumerated() {
            given += isCanary ? 1 : 0
            #expect(abs(given * 10_000 - (turn + 1) * share) < 10_000)
        }
    }

    @Test func aShareThatGrowsKeepsTheKeysThatItHad() throws {
        let keys = (0..<10_000).map { StickyKey.hash("user-\($0)") }
        var before: Set<Int> = []
        for share in [0, 100, 1_000, 2_000, 5_000, 10_000] {
            let route = try Self.compiled(CanaryConfiguration(share: share)).match(model: "m", contentType: nil)
            let taken = Set(keys.indices.filter { route.nextTarget(key: keys[$0]).name == "new" })
            #expect(before.isSubset(of: taken))
            #expect(abs(taken.count - share) <= 250, "\(taken.count) of \(share)")
            before = taken
        }
    }

    @Test func theScheduleMovesTheShareAndACommandOverrulesIt() {
        var share = CanaryShare(
            CanaryConfiguration(
                share: 100, schedule: [.init(at: 1_000, share: 2_000), .init(at: 2_000, share: 10_000)]))
        #expect(
            [0, 999, 1_000, 1_999, 2_000, 99_999].map { share.share(at: $0) } == [
                100, 100, 2_000, 2_000, 10_000, 10_000,
            ])
        #expect(share.next(after: 999) == .init(at: 1_000, share: 2_000))
        #expect(share.next(after: 2_000) == nil)
        share.command(500)
        #expect(share.share(at: 0) == 500 && share.share(at: 5_000) == 500)
        #expect(share.next(after: 0) == nil)
        share.command(nil)
        #expect(share.share(at: 5_000) == 10_000)
        share.command(20_000)
        #expect(share.share(at: 0) == 10_000)
    }

    @Test func theScheduleIsLookedAtForEachRequest() throws {
        let route = try Self.compiled(
            CanaryConfiguration(share: 0, schedule: [.init(at: 1_000, share: 10_000)])
        ).match(model: "m", contentType: nil)
        #expect((0..<100).allSatisfy { _ in route.nextTarget(at: 999).name == "old" })
        #expect((0..<100).allSatisfy { _ in route.nextTarget(at: 1_000).name == "new" })
    }

    @Test func aReloadKeepsTheCommandWhileTheSettingsAreTheSame() throws {
        let first = Self.compiled(CanaryConfiguration(share: 1_000))
        try first.match(model: "m", contentType: nil).canary?.command(10_000)
        let same = try Self.compiled(CanaryConfiguration(share: 1_000), previous: first).match(
            model: "m", contentType: nil)
        #expect(same.nextTarget().name == "new")
        let other = try Self.compiled(CanaryConfiguration(share: 0), previous: first).match(
            model: "m", contentType: nil)
        #expect(other.nextTarget().name == "old")
    }

    @Test func aCommandOfAnEarlierProcessHoldsFromTheStart() throws {
        let table = RouteTable(
            configuration([Self.withCanary(CanaryConfiguration(share: 0))]),
            commanded: { $0.name == "r" ? 10_000 : nil })
        let route = try table.match(model: "m", contentType: nil)
        #expect(route.nextTarget().name == "new" && route.canary?.standing.commanded == 10_000)
        route.canary?.command(nil)
        #expect(route.nextTarget().name == "old")
        // A reload asks the route before it, and nobody else.
        let next = RouteTable(
            configuration([Self.withCanary(CanaryConfiguration(share: 0))]), previous: table, commanded: { _ in 10_000 }
        )
        #expect(try next.match(model: "m", contentType: nil).nextTarget().name == "old")
    }
}
