internal import Tensors

/// When a runner is started again, and who may use it meanwhile: a plain state machine that is told what happened and
/// the time.
///
/// The first failure after an answer is repaired at once; further ones in a row wait longer and longer. From
/// `Policy.opensAfter` of them on the breaker is open: requests are refused at once, and once the runner is back a single
/// one is let through to see whether it is well.
struct RunnerSupervision: Sendable {
    struct Policy: Sendable {
        /// The wait after the second failure in a row; each further one doubles it.
        var firstWait: UInt64 = 50_000_000
        var longestWait: UInt64 = 30_000_000_000
        /// Failures in a row, with no answer in between.
        var opensAfter = 5
        /// By how much a wait may be longer, as a share of it: not all runners of a machine start at once.
        var jitter = 0.2
    }

    enum Phase: Equatable, Sendable {
        case starting
        /// Takes requests.
        case ready
        /// Down until then.
        case waiting(until: MonotonicTime)
        /// For good.
        case ended
    }

    /// What to do with a request.
    enum Admission: Equatable, Sendable {
        case send
        /// The runner will be back in a moment.
        case wait
        /// Not now; in so many nanoseconds perhaps.
        case refuse(retryAfter: UInt64)
    }

    let policy: Policy
    private(set) var phase = Phase.starting
    /// In a row.
    private(set) var failures = 0
    private var isProbing = false

    init(policy: Policy = Policy()) {
        self.policy = policy
    }

    var isOpen: Bool { failures >= policy.opensAfter }

    /// A process was started.
    mutating func started() {
        if phase != .ended { phase = .starting }
    }

    /// The model is loaded and warm.
    mutating func becameReady() {
        guard phase == .starting else { return }
        phase = .ready
        isProbing = false
    }

    /// A request was let through to the end, whatever the model said to it.
    mutating func answered() {
        failures = 0
        isProbing = false
    }

    /// The runner takes no more requests: it will be replaced.
    mutating func withdrawn() {
        if phase == .ready { phase = .starting }
    }

    /// The runner is gone.
    ///
    /// - Parameter random: evenly between 0 and 1.
    /// - Returns: when to start the next one.
    mutating func failed(now: MonotonicTime, random: Double) -> MonotonicTime {
        guard phase != .ended else { return now }
        failures += 1
        isProbing = false
        var wait: UInt64 = 0
        if failures > 1 {
            let doublings = min(failures - 2, 30)
            wait = min(policy.longestWait, policy.firstWait << UInt64(doublings))
            wait += UInt64(Double(wait) * policy.jitter * min(max(random, 0), 1))
        }
        let until = now.advanced(byNanoseconds: wait)
        phase = .waiting(until: until)
        return until
    }

    /// The model is unloaded.
    mutating func end() {
        phase = .ended
    }

    /// A request comes in.
    mutating func admit(now: MonotonicTime) -> Admission {
        switch phase {
        case .ended: return .refuse(retryAfter: 0)
        case .ready where !isOpen: return .send
        case .ready:
            if isProbing { return .refuse(retryAfter: policy.firstWait) }
            isProbing = true
            return .send
        case .starting: return isOpen ? .refuse(retryAfter: policy.firstWait) : .wait
        case .waiting(let until):
            return isOpen ? .refuse(retryAfter: max(policy.firstWait, until.nanoseconds(since: now))) : .wait
        }
    }
}
