internal import Dispatch
internal import Glibc

/// Tells of every SIGHUP.
final class HangUpSignal: Sendable {
    // Set once; cancelling is all that is done to it, which any thread may.
    nonisolated(unsafe) private let source: any DispatchSourceSignal

    init(_ received: @escaping @Sendable () -> Void) {
        signal(SIGHUP, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        source.setEventHandler(handler: received)
        // Dispatch begins to watch on a thread of its own; a signal before that would be lost.
        let isWatching = DispatchSemaphore(value: 0)
        source.setRegistrationHandler { isWatching.signal() }
        source.activate()
        isWatching.wait()
    }

    /// Further signals are ignored.
    func stop() { source.cancel() }
}
