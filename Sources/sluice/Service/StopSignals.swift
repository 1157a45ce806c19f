internal import Dispatch
internal import Glibc
internal import NIOConcurrencyHelpers

/// Waits for SIGTERM or SIGINT; a second one ends the process at once.
final class StopSignals: Sendable {
    private struct Locked: Sendable {
        var name: String?
        var continuation: CheckedContinuation<String, Never>?
    }

    private let locked = NIOLockedValueBox(Locked())
    // Kept for as long as the object lives: a source that is let go stops watching.
    nonisolated(unsafe) private var sources: [any DispatchSourceSignal] = []

    init() {
        for (number, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in received(name) }
            // Dispatch begins to watch on a thread of its own; a signal before that would be lost.
            let isWatching = DispatchSemaphore(value: 0)
            source.setRegistrationHandler { isWatching.signal() }
            source.activate()
            isWatching.wait()
            sources.append(source)
        }
    }

    private func received(_ name: String) {
        let (isSecond, continuation) = locked.withLockedValue { locked -> (Bool, CheckedContinuation<String, Never>?) in
            if locked.name != nil { return (true, nil) }
            locked.name = name
            defer { locked.continuation = nil }
            return (false, locked.continuation)
        }
        if isSecond { _exit(130) }
        continuation?.resume(returning: name)
    }

    /// The name of the first signal, once it has come.
    func wait() async -> String {
        await withCheckedContinuation { continuation in
            let name = locked.withLockedValue { locked -> String? in
                if locked.name == nil { locked.continuation = continuation }
                return locked.name
            }
            if let name { continuation.resume(returning: name) }
        }
    }
}
