internal import Tensors

/// How a connection to a server comes about, is lost, and comes about again: a plain state machine that is told what
/// happens and says what to do.
struct RedisLink {
    enum State: Equatable {
        /// Not connected, and trying again at that moment.
        case waiting(until: MonotonicTime)
        case connecting
        /// Connected; logging in and making sure that the server can be written.
        case greeting
        case ready
        case ended
    }

    enum Action: Equatable {
        case connect
        case greet
        /// Try again after so many nanoseconds.
        case retry(after: UInt64)
        case close
        case nothing
    }

    /// The first pause, and the longest: a server that is back is found within less than two seconds.
    static let firstPause: UInt64 = 50_000_000
    static let longestPause: UInt64 = 1_000_000_000

    private(set) var state = State.waiting(until: MonotonicTime(nanoseconds: 0))
    private var failures = 0

    var isReady: Bool { state == .ready }

    mutating func start() -> Action {
        guard state != .ended else { return .nothing }
        state = .connecting
        return .connect
    }

    mutating func connected() -> Action {
        guard state == .connecting else { return .close }
        state = .greeting
        return .greet
    }

    mutating func greeted() -> Action {
        guard state == .greeting else { return .close }
        state = .ready
        failures = 0
        return .nothing
    }

    /// The connection could not be made, or is lost.
    ///
    /// - Parameter jitter: from 0 to 1.
    mutating func failed(jitter: Double, now: MonotonicTime) -> Action {
        switch state {
        case .ended, .waiting: return .nothing
        case .connecting, .greeting, .ready: break
        }
        // Between three quarters of a pause and a whole one: gateways shouldn't all come at the same moment.
        let pause = min(Self.firstPause << UInt64(min(failures, 10)), Self.longestPause)
        failures += 1
        let wait = UInt64(Double(pause) * (0.75 + 0.25 * min(max(jitter, 0), 1)))
        state = .waiting(until: now.advanced(byNanoseconds: wait))
        return .retry(after: wait)
    }

    mutating func end() -> Action {
        defer { state = .ended }
        return state == .ended ? .nothing : .close
    }
}
