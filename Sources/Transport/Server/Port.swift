internal import NIOConcurrencyHelpers
internal import Synchronization

/// One listening socket over all revisions of the configuration, with the terms that hold for it now.
///
/// A request takes `service` when it begins and goes by that one to its end, so none ever sees two revisions.
final class Port: Sendable {
    /// Whether connections are to close after the request under way; shared by the services of all revisions.
    final class Draining: Sendable {
        private let flag = Atomic<Bool>(false)

        var isOn: Bool { flag.load(ordering: .relaxed) }
        func start() { flag.store(true, ordering: .relaxed) }
    }

    let draining: Draining
    private let current: NIOLockedValueBox<Service>

    init(_ service: Service) {
        self.draining = service.draining
        self.current = NIOLockedValueBox(service)
    }

    /// What holds for requests that begin now.
    var service: Service { current.withLockedValue { $0 } }

    /// Requests that begin from now on go by this one.
    func change(to service: Service) {
        // The old one may be the last to hold its gate: it is let go outside the lock.
        var old: Service?
        current.withLockedValue { current in
            old = current
            current = service
        }
        withExtendedLifetime(old) {}
    }
}
