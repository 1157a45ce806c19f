internal import NIOConcurrencyHelpers
internal import Synchronization

/// How long most answers of one target take, for any number of threads: every request asks, and just reads a number.
final class TargetLatency: Sendable {
    /// Answers between two looks at all of them.
    private static let interval = 16

    private struct Learnt {
        var quantile = LatencyQuantile()
        var isNew = 0
    }

    private let percent: Int
    private let learnt = NIOLockedValueBox(Learnt())
    /// 0 while too little is known.
    private let known = Atomic<UInt64>(0)

    init(percent: Int) { self.percent = percent }

    /// The time that so many answers don't exceed; `nil` while there were too few.
    var nanoseconds: UInt64? {
        let known = known.load(ordering: .relaxed)
        return known == 0 ? nil : known
    }

    /// An answer took so long.
    func note(nanoseconds: UInt64) {
        let found = learnt.withLockedValue { learnt -> UInt64? in
            learnt.quantile.note(nanoseconds: nanoseconds)
            learnt.isNew += 1
            guard learnt.isNew >= Self.interval || known.load(ordering: .relaxed) == 0 else { return nil }
            learnt.isNew = 0
            return learnt.quantile.nanoseconds(at: percent)
        }
        if let found { known.store(found, ordering: .relaxed) }
    }
}
