@testable import Gateway
import Tensors
import Testing

@Suite struct ResponseCacheTests {
    private typealias Cache = ResponseCache<String, Int>

    private func key(_ text: String) throws -> CacheKey {
        try #require(CacheKey(Envelope(id: "", inputs: [try Tensor(name: "x", shape: [1], strings: [text])])))
    }

    private func time(_ seconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    private func isHit(_ lookup: Cache.Lookup, _ text: String) -> Bool {
        if case .hit(let answer) = lookup { answer == text } else { false }
    }

    private func isLead(_ lookup: Cache.Lookup) -> Bool { if case .lead = lookup { true } else { false } }
    private func isWait(_ lookup: Cache.Lookup) -> Bool { if case .wait = lookup { true } else { false } }

    @Test func answersGoWhenTheyAreOld() throws {
        var cache = Cache(capacity: 100, ageNanoseconds: 10_000_000_000)
        #expect(isLead(cache.lookUp(try key("a"), 1, now: time(0))))
        #expect(cache.store(try key("a"), "A", size: 10, now: time(1)).isEmpty)
        #expect(isHit(cache.lookUp(try key("a"), 2, now: time(10)), "A"))
        #expect(isLead(cache.lookUp(try key("a"), 3, now: time(11))))
        #expect(cache.size == 0 && cache.count == 0)
    }

    /// Whoever has nothing better may have an answer that is past its age, up to a bound.
    @Test func oldAnswersAreKeptForThoseWhoAskForThem() throws {
        var cache = Cache(capacity: 100, ageNanoseconds: 10_000_000_000)
        cache.keptNanoseconds = 60_000_000_000
        _ = cache.lookUp(try key("a"), 1, now: time(0))
        _ = cache.store(try key("a"), "A", size: 10, now: time(0))
        #expect(isLead(cache.lookUp(try key("a"), 2, now: time(20))))
        let old = cache.old(try key("a"), notOlderThan: 30_000_000_000, now: time(30))
        #expect(old?.0 == "A" && old?.ageNanoseconds == 30_000_000_000)
        #expect(cache.old(try key("a"), notOlderThan: 30_000_000_000, now: time(31)) == nil)
        #expect(cache.old(try key("b"), notOlderThan: .max, now: time(31)) == nil)
        // A new answer takes its place, and what nobody may have any more goes.
        _ = cache.store(try key("a"), "B", size: 10, now: time(40))
        #expect(cache.size == 10)
        #expect(cache.old(try key("a"), notOlderThan: .max, now: time(99))?.0 == "B")
        _ = cache.lookUp(try key("a"), 3, now: time(100))
        #expect(cache.size == 0)
        #expect(cache.old(try key("a"), notOlderThan: .max, now: time(100)) == nil)
    }

    @Test func thoseNotAskedForLongestGoFirst() throws {
        var cache = Cache(capacity: 30, ageNanoseconds: .max)
        for (index, name) in ["a", "b", "c"].enumerated() {
            _ = cache.lookUp(try key(name), index, now: time(0))
            _ = cache.store(try key(name), name, size: 10, now: time(0))
        }
        #expect(isHit(cache.lookUp(try key("a"), 9, now: time(1)), "a"))
        _ = cache.lookUp(try key("d"), 4, now: time(1))
        _ = cache.store(try key("d"), "d", size: 15, now: time(1))
        #expect(cache.size == 25 && cache.count == 2)
        #expect(isHit(cache.lookUp(try key("a"), 9, now: time(1)), "a"))
        #expect(isHit(cache.lookUp(try key("d"), 9, now: time(1)), "d"))
        for gone in ["b", "c"] { #expect(isLead(cache.lookUp(try key(gone), 9, now: time(1)))) }
    }

    @Test func whatIsLargerThanTheCacheIsHandedOnButNotKept() throws {
        var cache = Cache(capacity: 30, ageNanoseconds: .max)
        _ = cache.lookUp(try key("a"), 1, now: time(0))
        #expect(isWait(cache.lookUp(try key("a"), 2, now: time(0))))
        #expect(cache.store(try key("a"), "A", size: 31, now: time(0)) == [2])
        #expect(cache.size == 0 && cache.underWay == 0)
        #expect(isLead(cache.lookUp(try key("a"), 3, now: time(0))))
    }

    @Test func afterAFailureTheNextOneLeads() throws {
        var cache = Cache(capacity: 30, ageNanoseconds: .max)
        for waiter in 1...4 { _ = cache.lookUp(try key("a"), waiter, now: time(0)) }
        cache.leave(try key("a")) { $0 == 3 }
        #expect(cache.fail(try key("a")) == 2)
        #expect(cache.fail(try key("a")) == 4)
        #expect(cache.fail(try key("a")) == nil)
        #expect(cache.underWay == 0)
    }

    @Test func aModelOfItsOwnAgreesOverManyRandomSteps() throws {
        var random = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0 ... .max, using: &random)
        var state = seed
        func pick(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let keys = try (0..<12).map { try key("\($0)") }
        var cache = Cache(capacity: 100, ageNanoseconds: 5_000_000_000)
        var kept: [(key: Int, size: Int, at: UInt64)] = []
        var leading: Set<Int> = []
        for step in 0..<5_000 {
            let now = UInt64(step / 20)
            let chosen = pick(keys.count)
            if leading.contains(chosen) {
                let size = 1 + pick(60)
                _ = cache.store(keys[chosen], "\(chosen)", size: size, now: time(now))
                leading.remove(chosen)
                kept.removeAll { $0.key == chosen }
                while kept.reduce(0, { $0 + $1.size }) + size > 100 { kept.removeFirst() }
                kept.append((chosen, size, now))
            } else {
                let lookup = cache.lookUp(keys[chosen], 0, now: time(now))
                if let index = kept.firstIndex(where: { $0.key == chosen }) {
                    let entry = kept.remove(at: index)
                    if now - entry.at < 5 {
                        #expect(isHit(lookup, "\(chosen)"), "seed \(seed)")
                        kept.append(entry)
                        continue
                    }
                }
                #expect(isLead(lookup), "seed \(seed)")
                leading.insert(chosen)
            }
            #expect(cache.size == kept.reduce(0) { $0 + $1.size }, "seed \(seed)")
        }
    }
}
