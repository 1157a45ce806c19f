internal import Dispatch
internal import NIOConcurrencyHelpers
internal import Tensors

/// One request inside a runner: how many parts it may still send, and whether anybody wants them.
final class RunnerCall: Sendable {
    /// Parts of a stream that the gateway has not acknowledged, at most.
    static let window = 8

    private struct Locked {
        var isCancelled = false
        var hasSentFinal = false
    }

    let number: CallNumber
    private let deadline: MonotonicTime?
    private let locked = NIOLockedValueBox(Locked())
    /// `nil` for models that answer in one part.
    private let credits: DispatchSemaphore?

    init(number: CallNumber, deadline: MonotonicTime?, streams: Bool) {
        self.number = number
        self.deadline = deadline
        credits = streams ? DispatchSemaphore(value: Self.window) : nil
    }

    deinit {
        // A semaphore must not be destroyed with fewer credits than it was made with.
        if let credits { for _ in 0..<Self.window { credits.signal() } }
    }

    var isCancelled: Bool { locked.withLockedValue { $0.isCancelled } }
    var hasSentFinal: Bool { locked.withLockedValue { $0.hasSentFinal } }

    /// Waits until a part may be sent; `false` where nobody wants it.
    func waitForCredit() -> Bool {
        guard let credits else { return !isCancelled }
        let left = deadline.map { $0.nanoseconds(since: .now) }
        let timeout = left.map { DispatchTime.now() + .nanoseconds(Int(clamping: $0)) } ?? .distantFuture
        return credits.wait(timeout: timeout) == .success && !isCancelled
    }

    func credit() {
        credits?.signal()
    }

    /// The caller has gone: nothing more is sent.
    func cancel() {
        locked.withLockedValue { $0.isCancelled = true }
        if let credits { for _ in 0..<Self.window { credits.signal() } }
    }

    /// Whether the final part may be sent: once, and not after a cancellation.
    func beginFinal() -> Bool {
        locked.withLockedValue { locked in
            guard !locked.isCancelled, !locked.hasSentFinal else { return false }
            locked.hasSentFinal = true
            return true
        }
    }
}
