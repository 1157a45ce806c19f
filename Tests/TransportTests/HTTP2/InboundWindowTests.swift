import Testing

@testable import Transport

@Suite struct InboundWindowTests {
    /// What the window says to each of several events.
    private static func increments(_ events: [(bytes: Int, isHeld: Bool)], size: Int = 100) -> [Int?] {
        var window = InboundWindow(size: size)
        return events.map { event in
            if event.isHeld {
                window.hold(event.bytes)
                return nil
            }
            return window.receive(event.bytes)
        }
    }

    @Test func theWindowOpensAgainOnceHalfOfItIsUsed() {
        #expect(Self.increments([(49, false), (1, false), (49, false), (60, false)]) == [nil, 50, nil, 109])
    }

    @Test func whatIsHeldBackIsGivenLater() {
        #expect(Self.increments([(80, true), (0, false), (0, false)]) == [nil, 80, nil])
    }

    @Test func allThatWasTakenIsGivenBackInTheEnd() {
        var window = InboundWindow(size: 1 << 20)
        var generator = SystemRandomNumberGenerator()
        var (used, given) = (0, 0)
        for _ in 0..<1000 {
            let size = Int.random(in: 0...16_384, using: &generator)
            used += size
            given += window.receive(size) ?? 0
            #expect(used - given < 1 << 19)
        }
        given += window.take() ?? 0
        #expect(used == given)
    }
}
