internal import Tensors

/// When an issuer's keys are read again. A plain state machine: it says what to do, others do it.
///
/// After a success the next time is a whole period later. After a failure it is soon, and later with each failure.
/// Whoever misses a key may have them read at once, but not more often than every ten seconds: what tokens say of
/// themselves must not make the gateway ask and ask.
struct RefreshSchedule: Sendable {
    /// The least time between two reads that missing keys ask for.
    static let shortestPause: UInt64 = 10_000_000_000
    private static let firstRetry: UInt64 = 1_000_000_000
    private static let longestRetry: UInt64 = 60_000_000_000

    /// What is to be done for somebody who misses a key.
    enum Answer: Equatable {
        /// Read them now.
        case read
        /// They are being read.
        case wait
        /// They were read just now: the key isn't there.
        case no
    }

    private let period: UInt64
    private var isReading = false
    private var began: MonotonicTime?
    private var failures: UInt64 = 0

    /// - Parameter period: nanoseconds from one success to the next read.
    init(period: UInt64) {
        self.period = period
    }

    /// Begins to read, unless somebody does already.
    mutating func begin(now: MonotonicTime) -> Bool {
        guard !isReading else { return false }
        isReading = true
        began = now
        return true
    }

    /// A token names a key that isn't here.
    mutating func missing(now: MonotonicTime) -> Answer {
        if isReading { return .wait }
        if let began, now.nanoseconds(since: began) < Self.shortestPause { return .no }
        _ = begin(now: now)
        return .read
    }

    /// A read has ended.
    ///
    /// - Returns: nanoseconds until the next one.
    mutating func ended(wasGood: Bool) -> UInt64 {
        isReading = false
        guard !wasGood else {
            failures = 0
            return period
        }
        let pause = Self.firstRetry << min(failures, 6)
        failures += 1
        return min(pause, Self.longestRetry, period)
    }
}
