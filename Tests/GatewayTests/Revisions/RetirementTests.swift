@testable import Gateway
import Tensors
import Testing

@Suite struct RetirementTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)
    private func after(_ milliseconds: UInt64) -> MonotonicTime {
        start.advanced(byNanoseconds: milliseconds * 1_000_000)
    }

    @Test func modelIsLookedAtAtOnceAndFreedWhenItIsIdle() {
        var retirement = Retirement<String>()
        #expect(retirement.nextLook == nil)
        retirement.add("iris", limit: 1_000_000_000, now: start)
        let looks = retirement.due(now: start)
        #expect(looks.map(\.model) == ["iris"])
        #expect(looks.map(\.isFirst) == [true])
        let note = retirement.looked(at: looks[0].number, isFreed: true, now: after(3))
        #expect(note == .freed(after: 3_000_000))
        #expect(retirement.nextLook == nil)
        #expect(retirement.models.isEmpty)
    }

    @Test func looksGetRarerAndLatenessIsToldOnce() throws {
        var retirement = Retirement<String>()
        retirement.add("iris", limit: 1_000_000_000, now: start)
        var now = start
        var looks = 0
        var notes: [Retirement<String>.Note] = []
        while now < after(20_000) {
            for look in retirement.due(now: now) {
                looks += 1
                #expect(look.isFirst == (looks == 1))
                if let note = retirement.looked(at: look.number, isFreed: false, now: now) { notes.append(note) }
            }
            let next = try #require(retirement.nextLook)
            #expect(next > now)
            now = next
        }
        #expect(looks > 40 && looks < 60, "ever half a second in the end: \(looks)")
        #expect(notes.count == 1)
        guard case .late(let nanoseconds)? = notes.first else { return }
        #expect(nanoseconds >= 1_000_000_000 && nanoseconds < 1_600_000_000)
        #expect(retirement.models == ["iris"], "it is never given up")
    }

    @Test func modelsAreLookedAtEachInItsTurn() {
        var retirement = Retirement<String>()
        retirement.add("a", limit: 1, now: start)
        let first = retirement.due(now: start)
        _ = retirement.looked(at: first[0].number, isFreed: false, now: start)
        retirement.add("b", limit: 1, now: start)
        #expect(retirement.due(now: start).map(\.model) == ["b"])
        #expect(retirement.due(now: after(1)).map(\.model) == ["a", "b"])
    }
}
