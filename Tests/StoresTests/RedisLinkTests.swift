import Tensors
import Testing

@testable import Stores

@Suite struct RedisLinkTests {
    private func moment(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func comesAboutInThreeSteps() {
        var link = RedisLink()
        #expect(link.start() == .connect)
        #expect(!link.isReady)
        #expect(link.connected() == .greet)
        #expect(!link.isReady)
        #expect(link.greeted() == .nothing)
        #expect(link.isReady)
    }

    @Test func pausesGrowToASecondAndBeginAnewOnceItWasThere() {
        var link = RedisLink()
        var pauses: [UInt64] = []
        for _ in 0..<8 {
            _ = link.start()
            guard case .retry(let pause) = link.failed(jitter: 1, now: moment(0)) else {
                Issue.record("it doesn't try again")
                return
            }
            pauses.append(pause / 1_000_000)
        }
        #expect(pauses == [50, 100, 200, 400, 800, 1_000, 1_000, 1_000])
        _ = link.start()
        _ = link.connected()
        _ = link.greeted()
        #expect(link.failed(jitter: 0, now: moment(0)) == .retry(after: 37_500_000))
    }

    @Test func whatIsLostIsLostOnce() {
        var link = RedisLink()
        _ = link.start()
        #expect(link.failed(jitter: 1, now: moment(0)) != .nothing)
        #expect(link.failed(jitter: 1, now: moment(0)) == .nothing)
        // What comes late from the connection that was lost changes nothing.
        #expect(link.connected() == .close)
        #expect(link.greeted() == .close)
    }

    @Test func theEndIsTheEnd() {
        var link = RedisLink()
        _ = link.start()
        #expect(link.end() == .close)
        #expect(link.start() == .nothing)
        #expect(link.failed(jitter: 1, now: moment(0)) == .nothing)
        #expect(link.end() == .nothing)
    }
}
