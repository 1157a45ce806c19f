internal import Dispatch
internal import Synchronization
internal import Tensors

/// Holds a streaming plugin back while so many of its parts wait for the client to take them.
final class PartGate: Sendable {
    /// Parts on their way to the client at the same time.
    private static let width = 8

    private let credits = DispatchSemaphore(value: width)
    private let isClosed = Atomic<Bool>(false)
    private let deadline: MonotonicTime

    /// - Parameter deadline: when a plugin stops waiting, whatever the client does.
    init(deadline: MonotonicTime) {
        self.deadline = deadline
    }

    /// Waits for room, on the plugin's thread; `false` where nobody wants the part any more.
    func enter() -> Bool {
        let left = deadline.nanoseconds(since: .now)
        guard credits.wait(timeout: .now() + .nanoseconds(Int(clamping: left))) == .success else { return false }
        return !isClosed.load(ordering: .acquiring)
    }

    /// The client has taken a part.
    func written() {
        credits.signal()
    }

    /// The client has gone: let every waiting thread find out.
    func close() {
        isClosed.store(true, ordering: .releasing)
        for _ in 0..<Self.width { credits.signal() }
    }

    deinit {
        // A semaphore must not be destroyed with fewer credits than it was made with.
        for _ in 0..<Self.width { credits.signal() }
    }
}
