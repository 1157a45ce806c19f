package import Configuration
package import Tensors

/// Leaves a model alone for a while when it keeps failing: a plain state machine that is told of each call and of the time.
///
///     closed ── failures in a row, or too large a share of them ──► open ── time ──► half-open ── probes succeed ──► closed
///                                                                     ▲                  │ a probe fails
///                                                                     └──────────────────┘
///
/// Each opening lasts twice as long as the one before, up to `longest`, unless the breaker had been closed for a whole
/// window in between; so a model that comes and goes can't make it change more often than its settings say.
package struct CircuitBreaker: Sendable {
    package enum Phase: Sendable, Equatable {
        case closed
        case open(until: MonotonicTime)
        /// Lets probes through.
        case halfOpen
        /// Opened by hand, and so until it is closed by hand.
        case held
    }

    /// A call that was let through; to be handed back with what came of it, once.
    package struct Pass: Sendable, Equatable {
        /// Calls of an earlier phase have nothing to say about the present one.
        fileprivate var phaseNumber: UInt64
    }

    package enum Admission: Sendable, Equatable {
        case pass(Pass)
        case refuse(retryAfterNanoseconds: UInt64)
    }

    package enum Outcome: Sendable, Equatable {
        case success
        case failure(SluiceError.Code)
        /// Says nothing of the model: the caller left, say.
        case neither
    }

    /// What a call's outcome led to.
    package enum Change: Sendable, Equatable {
        case opened(nanoseconds: UInt64)
        case closed
    }

    private struct Slice: Sendable {
        /// Which one since the beginning of time.
        var number: UInt64 = 0
        var calls = 0
        var failures = 0
    }

    /// The window moves on by so many parts of it.
    private static let slices = 10
    /// By how much an opening may be longer by chance: not all gateways probe at once.
    private static let jitter = 0.2

    package let policy: BreakerConfiguration
    package private(set) var phase = Phase.closed
    /// What opened it last.
    package private(set) var reason = SluiceError.Code.modelUnavailable
    /// Since the beginning, by hand or not.
    package private(set) var openings = 0
    /// In a row.
    package private(set) var failures = 0
    private let sliceNanoseconds: UInt64
    private var window: [Slice]
    private var phaseNumber: UInt64 = 0
    private var probesUnderWay = 0
    private var probesSucceeded = 0
    /// Openings that followed each other closely.
    private var openingsInARow = 0
    private var closedAt: MonotonicTime?
    private var random: UInt64

    /// - Parameter seed: of the jitter.
    package init(_ policy: BreakerConfiguration, seed: UInt64) {
        self.policy = policy
        sliceNanoseconds = max(1, policy.window.wholeNanoseconds / UInt64(Self.slices))
        window = Array(repeating: Slice(), count: Self.slices)
        random = seed
    }

    // MARK: Calls

    /// Whether a call may be made now.
    package mutating func admit(now: MonotonicTime) -> Admission {
        switch phase {
        case .closed: return .pass(Pass(phaseNumber: phaseNumber))
        case .held: return .refuse(retryAfterNanoseconds: policy.open.wholeNanoseconds)
        case .open(let until):
            guard now >= until else { return .refuse(retryAfterNanoseconds: until.nanoseconds(since: now)) }
            enter(.halfOpen)
            probesUnderWay = 0
            probesSucceeded = 0
        case .halfOpen: break
        }
        guard probesUnderWay + probesSucceeded < policy.probes else {
            return .refuse(retryAfterNanoseconds: min(1_000_000_000, policy.open.wholeNanoseconds))
        }
        probesUnderWay += 1
        return .pass(Pass(phaseNumber: phaseNumber))
    }

    /// What came of a call.
    package mutating func ended(_ pass: Pass, _ outcome: Outcome, now: MonotonicTime) -> Change? {
        guard pass.phaseNumber == phaseNumber else { return nil }
        switch (phase, outcome) {
        case (.closed, .success):
            failures = 0
            _ = note(failures: 0, now: now)
        case (.closed, .failure(let code)):
            failures += 1
            let recent = note(failures: 1, now: now)
            let isBadShare =
                recent.calls >= policy.calls && Double(recent.failures) >= policy.rate * Double(recent.calls)
            if failures >= policy.failures || isBadShare { return open(code, now: now) }
        case (.halfOpen, .success):
            probesUnderWay -= 1
            probesSucceeded += 1
            if probesSucceeded >= policy.probes {
                closeUp(now: now)
                return .closed
            }
        case (.halfOpen, .failure(let code)): return open(code, now: now)
        case (.halfOpen, .neither): probesUnderWay -= 1
        default: break
        }
        return nil
    }

    /// Whether a call would be let through, or at least be tried for.
    package func isAvailable(now: MonotonicTime) -> Bool {
        switch phase {
        case .closed, .halfOpen: true
        case .open(let until): now >= until
        case .held: false
        }
    }

    // MARK: By hand

    /// Opens it until somebody closes it.
    package mutating func hold() {
        guard phase != .held else { return }
        reason = .modelUnavailable
        openings += 1
        enter(.held)
    }

    /// Closes it, whatever has been; it begins anew.
    package mutating func reset() {
        openingsInARow = 0
        closedAt = nil
        clear()
        enter(.closed)
    }

    // MARK: Phases

    private mutating func enter(_ phase: Phase) {
        self.phase = phase
        phaseNumber += 1
    }

    private mutating func open(_ code: SluiceError.Code, now: MonotonicTime) -> Change {
        if let closedAt, now.nanoseconds(since: closedAt) >= policy.window.wholeNanoseconds { openingsInARow = 0 }
        closedAt = nil
        let (first, longest) = (policy.open.wholeNanoseconds, policy.longest.wholeNanoseconds)
        // Waits are a day at most, so 40 doublings of any of them are past that.
        let wait = first.multipliedReportingOverflow(by: 1 << UInt64(min(openingsInARow, 40)))
        var nanoseconds = wait.overflow ? longest : min(wait.partialValue, longest)
        nanoseconds += UInt64(Double(nanoseconds) * Self.jitter * nextRandom())
        openingsInARow += 1
        openings += 1
        reason = code
        enter(.open(until: now.advanced(byNanoseconds: nanoseconds)))
        return .opened(nanoseconds: nanoseconds)
    }

    private mutating func closeUp(now: MonotonicTime) {
        closedAt = now
        clear()
        enter(.closed)
    }

    private mutating func clear() {
        failures = 0
        for index in window.indices { window[index] = Slice() }
    }

    // MARK: The window

    /// Counts a call, and says how many there were lately.
    private mutating func note(failures: Int, now: MonotonicTime) -> (calls: Int, failures: Int) {
        let number = now.nanoseconds / sliceNanoseconds
        let place = Int(number % UInt64(Self.slices))
        if window[place].number != number { window[place] = Slice(number: number) }
        window[place].calls += 1
        window[place].failures += failures
        // A success opens nothing, so nobody asks.
        guard failures > 0 else { return (0, 0) }
        var sum = (calls: 0, failures: 0)
        for slice in window where number < slice.number + UInt64(Self.slices) {
            sum.calls += slice.calls
            sum.failures += slice.failures
        }
        return sum
    }

    /// SplitMix64, from 0 up to 1.
    private mutating func nextRandom() -> Double {
        random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = random
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
    }
}

extension CircuitBreaker.Outcome {
    /// What an attempt's end says of the model.
    ///
    /// A full queue is the gateway's doing and not the model's; an answer of status 4xx is an answer.
    ///
    /// - Parameter isCutShort: whether the attempt had less time than the model or the route gives it, so that callers in a
    ///   hurry can't open it for all.
    package init(_ code: SluiceError.Code?, isCutShort: Bool) {
        switch code {
        case nil: self = .success
        case .cancelled?, .shuttingDown?, .overloaded?, .tooManyRequests?, .internalError?: self = .neither
        case .deadlineExceeded? where isCutShort: self = .neither
        case let code?: self = code.httpStatus >= 500 ? .failure(code) : .success
        }
    }
}
