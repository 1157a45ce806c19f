import Configuration
import NIOConcurrencyHelpers
import Tensors

@testable import Policies

/// A shared count whose server is the test: it answers when told to, by the same arithmetic as the real one.
final class FakeSharedCount: SharedQuotaCount {
    private struct Locked {
        var asked: [QuotaBucket] = []
        var waits: [QuotaWait] = []
        var isDown = false
        var server: RatedBucket
    }

    let leasePercent = 5
    let ifDown: StoreConfiguration.Redis.IfDown
    private let locked: NIOLockedValueBox<Locked>

    init(ifDown: StoreConfiguration.Redis.IfDown, max: Int, now: MonotonicTime) {
        self.ifDown = ifDown
        locked = NIOLockedValueBox(
            Locked(server: RatedBucket(max: max, periodNanoseconds: 60_000_000_000, burst: max, now: now)))
    }

    var isDown: Bool {
        get { locked.withLockedValue { $0.isDown } }
        set { locked.withLockedValue { $0.isDown = newValue } }
    }

    func ask(_ bucket: QuotaBucket, isUrgent: Bool) { locked.withLockedValue { $0.asked.append(bucket) } }
    func watch(_ wait: QuotaWait) { locked.withLockedValue { $0.waits.append(wait) } }

    /// What is left on the server.
    func remaining(_ now: QuotaMoment) -> UInt64 {
        locked.withLockedValue { $0.server.remaining(now: now.monotonic) }
    }

    /// Answers every question that has come up; how many there were.
    @discardableResult
    func answerAll(_ now: QuotaMoment) -> Int {
        var count = 0
        while let bucket = locked.withLockedValue({ $0.asked.isEmpty ? nil : $0.asked.removeFirst() }) {
            guard let question = bucket.question(now: now.monotonic) else { continue }
            count += 1
            let answer = locked.withLockedValue { locked -> QuotaLease.Answer in
                locked.server.charge(question.debit, now: now.monotonic)
                locked.server.refund(question.giveBack, now: now.monotonic)
                let free = locked.server.remaining(now: now.monotonic)
                let granted = question.least == 0 || free < question.least ? 0 : min(free, question.most)
                locked.server.charge(granted, now: now.monotonic)
                return .init(
                    granted: granted, remaining: free - granted,
                    wait: granted == 0 && question.least > 0
                        ? locked.server.nanosecondsUntilAvailable(question.least, now: now.monotonic) : 0,
                    untilFull: 0)
            }
            bucket.answered(question, answer, now: now)
        }
        return count
    }

    /// Nobody answers in time.
    func expireAll() {
        let waits = locked.withLockedValue { locked in
            defer { locked.waits = [] }
            return locked.waits
        }
        for wait in waits { wait.expire() }
    }
}
