internal import Gateway
internal import Synchronization
internal import Telemetry

/// What administrators act on: the same for all listeners and revisions of one server.
final class Administration: Sendable {
    let keeper: Gatekeeper
    let logThreshold: LogThreshold
    private let draining = Atomic<Bool>(false)

    init(keeper: Gatekeeper, logThreshold: LogThreshold) {
        self.keeper = keeper
        self.logThreshold = logThreshold
    }

    /// Whether an administrator wants requests to go elsewhere: health says so, everything else works on.
    var wantsNoRequests: Bool {
        get { draining.load(ordering: .relaxed) }
        set { draining.store(newValue, ordering: .relaxed) }
    }
}
