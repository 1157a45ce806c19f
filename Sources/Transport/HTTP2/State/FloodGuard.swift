internal import Tensors

/// Notices clients that keep the gateway busy with frames that cost them nothing.
///
/// A plain state machine; what is too much ends the connection with `ENHANCE_YOUR_CALM`.
struct FloodGuard {
    /// How many of each kind there may be in `period`.
    struct Limits {
        /// SETTINGS, PING, PRIORITY.
        var controls: Int
        /// RST_STREAM.
        var resets: Int
        /// Streams that the gateway has to reset for what the client did wrong.
        var faults: Int
        /// DATA frames without data, one after the other, at any time.
        var emptyFrames: Int
        /// Nanoseconds.
        var period: UInt64
    }

    /// Events since the period under way began.
    private struct Count {
        var events = 0
        var since = MonotonicTime(nanoseconds: 0)

        mutating func add(now: MonotonicTime, period: UInt64) -> Int {
            if events == 0 || now.nanoseconds(since: since) >= period {
                events = 0
                since = now
            }
            events += 1
            return events
        }
    }

    private let limits: Limits
    private var controls = Count()
    private var resets = Count()
    private var faults = Count()
    private var emptyFrames = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    mutating func receiveControl(now: MonotonicTime) throws(HTTP2Fault) {
        guard controls.add(now: now, period: limits.period) <= limits.controls else {
            throw .connection(.enhanceYourCalm, "too many SETTINGS, PING or PRIORITY frames")
        }
    }

    mutating func receiveReset(now: MonotonicTime) throws(HTTP2Fault) {
        guard resets.add(now: now, period: limits.period) <= limits.resets else {
            throw .connection(.enhanceYourCalm, "too many streams are reset")
        }
    }

    mutating func countFault(now: MonotonicTime) throws(HTTP2Fault) {
        guard faults.add(now: now, period: limits.period) <= limits.faults else {
            throw .connection(.enhanceYourCalm, "too many requests are malformed")
        }
    }

    mutating func receiveData(isEmpty: Bool) throws(HTTP2Fault) {
        emptyFrames = isEmpty ? emptyFrames + 1 : 0
        guard emptyFrames <= limits.emptyFrames else {
            throw .connection(.enhanceYourCalm, "too many DATA frames without data")
        }
    }
}
