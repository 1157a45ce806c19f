import Configuration
import Routing
import Testing

@Suite struct ShadowAdmissionTests {
    private static func admission(share: Int = 10_000, concurrency: Int = 2, memory: Int = 100) -> ShadowAdmission {
        var settings = ShadowConfiguration()
        settings.share = share
        settings.concurrency = concurrency
        settings.memory = memory
        return ShadowAdmission(settings)
    }

    @Test func takesJustItsShare() {
        var admission = Self.admission(share: 1_000)
        var taken = 0
        for _ in 0..<10_000 where admission.offer(bytes: 1) == .take {
            taken += 1
            admission.ended(bytes: 1)
        }
        #expect(taken == 1_000)
    }

    @Test func takesNoMoreAtOnceThanItMay() {
        var admission = Self.admission()
        #expect(admission.offer(bytes: 1) == .take)
        #expect(admission.offer(bytes: 1) == .take)
        #expect(admission.offer(bytes: 1) == .busy)
        admission.ended(bytes: 1)
        #expect(admission.offer(bytes: 1) == .take)
    }

    @Test func holdsNoMoreBytesThanItMay() {
        var admission = Self.admission(concurrency: 10)
        #expect(admission.offer(bytes: 101) == .full)
        #expect(admission.offer(bytes: .max) == .full)
        #expect(admission.offer(bytes: 60) == .take)
        #expect(admission.offer(bytes: 41) == .full)
        #expect(admission.offer(bytes: 40) == .take)
        admission.ended(bytes: 60)
        #expect(admission.offer(bytes: 60) == .take)
    }

    @Test func whatGrowsStaysWithinTheSameBound() {
        var admission = Self.admission()
        #expect(admission.offer(bytes: 60) == .take)
        #expect(!admission.grow(by: 41) && !admission.grow(by: .max))
        #expect(admission.grow(by: 40) && admission.bytes == 100)
        #expect(admission.offer(bytes: 1) == .full)
        admission.ended(bytes: 100)
        #expect(admission.bytes == 0 && admission.running == 0)
    }

    @Test func boundsHoldWhateverHappens() {
        var generator = SplitMix(seed: 3)
        var admission = Self.admission(share: 7_000, concurrency: 5, memory: 1_000)
        var held: [Int] = []
        for _ in 0..<20_000 {
            let bytes = Int.random(in: 0...600, using: &generator)
            if Bool.random(using: &generator), admission.offer(bytes: bytes) == .take { held.append(bytes) }
            if Int.random(in: 0..<3, using: &generator) == 0, let last = held.popLast() { admission.ended(bytes: last) }
            #expect(held.count <= 5 && held.reduce(0, +) <= 1_000)
            #expect(admission.running == held.count && admission.bytes == held.reduce(0, +))
        }
    }
}
