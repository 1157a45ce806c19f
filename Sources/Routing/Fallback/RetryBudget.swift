internal import Synchronization

/// How many more tries than requests there may be: requests that needed just one earn a share of a further one, and
/// each further one takes a whole.
///
/// In an outage nothing is earned, so that no more than what was saved up comes on top of the requests.
package final class RetryBudget: Sendable {
    /// What one further try takes; what a request earns is counted in the same hundredths.
    private static let whole = 100

    private let earned: Int
    private let most: Int
    private let saved: Atomic<Int>

    /// - Parameters:
    ///   - percent: further tries that 100 requests earn.
    ///   - burst: further tries that may be saved up; it begins with so many.
    package init(percent: Int, burst: Int) {
        earned = percent
        most = burst * Self.whole
        saved = Atomic(burst * Self.whole)
    }

    /// A request was answered by its only try.
    package func earn() {
        var before = saved.load(ordering: .relaxed)
        while before < most {
            let after = min(before + earned, most)
            let (isDone, now) = saved.weakCompareExchange(expected: before, desired: after, ordering: .relaxed)
            if isDone { return }
            before = now
        }
    }

    /// Takes what one further try needs; `false` where there is too little.
    package func take() -> Bool {
        var before = saved.load(ordering: .relaxed)
        while before >= Self.whole {
            let (isDone, now) = saved.weakCompareExchange(
                expected: before, desired: before - Self.whole, ordering: .relaxed)
            if isDone { return true }
            before = now
        }
        return false
    }

    /// Further tries that it is good for now.
    package var left: Int { saved.load(ordering: .relaxed) / Self.whole }
}
