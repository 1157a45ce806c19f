internal import Dispatch
internal import Synchronization
internal import Tensors

/// One request inside a runner: how many parts it may still send, and whether anybody wants them.
final class RunnerCall: Sendable {
    /// Parts of a stream that the gateway has not acknowledged, at most.
    static let window = 8

    /// What has happened to it, in bits.
    private enum State {
        static let isCancelled: UInt8 = 1
        static let hasSentFinal: UInt8 = 2
    }

    let number: CallNumber
    /// Whose it is. Known here, so that what is done with a call's parts need hold nothing but the call.
    let service: RunnerService
    private let deadline: MonotonicTime?
    private let state = Atomic<UInt8>(0)
    /// `nil` for models that answer in one part.
    private let credits: DispatchSemaphore?

    init(number: CallNumber, service: RunnerService, deadline: MonotonicTime?, streams: Bool) {
        self.number = number
        self.service = service
        self.deadline = deadline
        credits = streams ? DispatchSemaphore(value: Self.window) : nil
    }

    deinit {
        // A semaphore must not be destroyed with fewer credits than it was made with.
        if let credits { for _ in 0..<Self.window { credits.signal() } }
    }

    var isCancelled: Bool { state.load(ordering: .acquiring) & State.isCancelled != 0 }
    var hasSentFinal: Bool { state.load(ordering: .acquiring) & State.hasSentFinal != 0 }

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
        state.bitwiseOr(State.isCancelled, ordering: .acquiringAndReleasing)
        if let credits { for _ in 0..<Self.window { credits.signal() } }
    }

    /// Whether the final part may be sent: once, and not after a cancellation.
    func beginFinal() -> Bool {
        state.compareExchange(expected: 0, desired: State.hasSentFinal, ordering: .acquiringAndReleasing).exchanged
    }
}
