internal import NIOConcurrencyHelpers
internal import SharedMemory
internal import Tensors

/// What an isolated model's callers and its runner's keeper share: the runner that takes requests, if there is one, and
/// the requests that wait for the next.
final class IsolatedCore: RunnerConnectionObserver, Sendable {
    private struct Locked: Sendable {
        var supervision = RunnerSupervision()
        /// The runner that takes requests.
        var connection: RunnerConnection?
        /// One that takes no more, but still has requests.
        var leaving: RunnerConnection?
        /// Requests that wait for it.
        var waiting: [IsolatedBatch] = []
        /// The model's metrics by the runner's numbers. The runner's are its own from each start on.
        var metrics: [UInt32: UInt32] = [:]
    }

    /// Requests that may wait for a runner that is just being replaced.
    private static let mostWaiting = 1024
    /// Metrics that one runner may register.
    private static let mostMetrics = 1024

    let settings: IsolatedModel.Settings
    let services: PluginServices
    private let locked = NIOLockedValueBox(Locked())
    /// Set once, before anything else happens.
    private let keeper = NIOLockedValueBox<WeakKeeper>(WeakKeeper())

    struct WeakKeeper: Sendable {
        weak var value: RunnerKeeper?
    }

    init(_ settings: IsolatedModel.Settings, services: PluginServices) {
        self.settings = settings
        self.services = services
    }

    func attach(_ keeper: RunnerKeeper) {
        self.keeper.withLockedValue { $0.value = keeper }
    }

    var model: String { settings.arguments.model }

    // MARK: For callers

    var isReady: Bool { locked.withLockedValue { $0.connection != nil } }

    var unfinishedCalls: Int {
        locked.withLockedValue { locked in
            (locked.connection?.callCount ?? 0) + (locked.leaving?.callCount ?? 0)
                + locked.waiting.reduce(0) { $0 + $1.count }
        }
    }

    /// Hands calls to the runner.
    ///
    /// - Parameter waits: whether to come back only once the plugin's function has returned, or within microseconds
    ///   even if it hasn't.
    func infer(_ batch: IsolatedBatch, waits: Bool) {
        guard waits else {
            dispatch(batch, waitsBriefly: true)
            return
        }
        let latch = CallLatch(batch.calls)
        var batch = batch
        batch.latch = latch
        dispatch(batch)
        latch.wait()
    }

    private func dispatch(_ request: IsolatedBatch, waitsBriefly: Bool = false) {
        enum Way {
            case send(RunnerConnection)
            case wait
            case refuse(retryAfter: UInt64)
        }
        while true {
            let way = locked.withLockedValue { locked -> Way in
                // The time matters to those only who are told when to come again.
                switch locked.supervision.admit(now: .coarse) {
                case .send:
                    if let connection = locked.connection { return .send(connection) }
                    fallthrough
                case .wait:
                    guard locked.waiting.count < Self.mostWaiting else { return .refuse(retryAfter: 100_000_000) }
                    locked.waiting.append(request)
                    return .wait
                case .refuse(let retryAfter): return .refuse(retryAfter: retryAfter)
                }
            }
            switch way {
            case .send(let connection):
                let isSent = waitsBriefly ? connection.sendQuick(request) : connection.send(request)
                if isSent { return }
                // It ended this very moment; its keeper is about to say so.
                withdraw(connection)
            case .wait: return
            case .refuse(let retryAfter):
                refuse(request, retryAfter: retryAfter)
                return
            }
        }
    }

    private func refuse(_ request: IsolatedBatch, retryAfter: UInt64) {
        for call in request.calls {
            // Whose runner has died tells more of that than of what came after.
            if request.isRetry {
                call.abandon(crashed)
            } else {
                call.abandon(
                    SluiceError(
                        .modelUnavailable, "model \"\(model)\" is not available: its plugin keeps failing",
                        detail: [.init("model", model)], retryAfterNanoseconds: max(retryAfter, 1_000_000)))
            }
            request.letGo(call)
        }
    }

    /// What a request is told whose runner has ended.
    private var crashed: SluiceError {
        SluiceError(
            .pluginCrashed, "the plugin of model \"\(model)\" crashed while it had the request",
            detail: [.init("model", model)])
    }

    // MARK: For the keeper

    /// Whether the runner that is started now replaces one that had answered before it failed.
    var isFirstFailure: Bool { locked.withLockedValue { $0.supervision.failures == 1 } }

    func starting() {
        locked.withLockedValue { locked in
            locked.supervision.started()
            locked.metrics = [:]
        }
    }

    /// A runner is ready: whoever waited goes on.
    func began(_ connection: RunnerConnection) {
        let waiting = locked.withLockedValue { locked -> [IsolatedBatch] in
            locked.supervision.becameReady()
            locked.connection = connection
            defer { locked.waiting = [] }
            return locked.waiting
        }
        for request in waiting { dispatch(request) }
    }

    /// The runner gets no more requests.
    func withdraw(_ connection: RunnerConnection) {
        locked.withLockedValue { locked in
            guard locked.connection === connection else { return }
            locked.connection = nil
            locked.leaving = connection
            locked.supervision.withdrawn()
        }
    }

    /// A runner has ended, or could not be started: its requests are tried again or told.
    ///
    /// - Returns: when to start the next, and whether requests are refused until then.
    func ended(_ connection: RunnerConnection?, random: Double) -> (until: MonotonicTime, isOpen: Bool, ids: [String]) {
        if let connection { withdraw(connection) }
        let left = connection?.close() ?? []
        let (until, isOpen, refused) = locked.withLockedValue { locked in
            locked.leaving = nil
            let until = locked.supervision.failed(now: .now, random: random)
            let isOpen = locked.supervision.isOpen
            defer { if isOpen { locked.waiting = [] } }
            return (until, isOpen, isOpen ? locked.waiting : [])
        }
        var ids: [String] = []
        for entry in left {
            ids.append(entry.call.envelope.id)
            settle(entry, mayRetry: connection?.description?.allowsRetry ?? false)
        }
        for request in refused { refuse(request, retryAfter: until.nanoseconds(since: .now)) }
        return (until, isOpen, ids)
    }

    private func settle(_ entry: IsolatedCall, mayRetry: Bool) {
        let hasTime = entry.call.envelope.deadline.map { $0 > .now } ?? true
        // First out of the entry, then close it: whoever abandons the call in between finds it on either side.
        if mayRetry, hasTime, entry.mayTryAgain, entry.call.leave(entry) {
            if entry.close(isGivenBack: true) {
                dispatch(IsolatedBatch(first: entry.call, isRetry: true, latch: entry.latch))
                return
            }
        } else if entry.close() {
            entry.call.deliver(.failure(crashed))
        }
        entry.letGo()
    }

    /// The model is unloaded: nothing waits any more.
    func end() {
        let waiting = locked.withLockedValue { locked -> [IsolatedBatch] in
            locked.supervision.end()
            locked.connection = nil
            defer { locked.waiting = [] }
            return locked.waiting
        }
        for request in waiting { refuse(request, retryAfter: 0) }
    }

    // MARK: From the runner

    func runnerAnswered(_ connection: RunnerConnection) {
        locked.withLockedValue { locked in
            // One that is being replaced proves nothing by its last answers.
            if locked.connection === connection { locked.supervision.answered() }
        }
    }

    func runnerBrokeContract(_ connection: RunnerConnection, requestID: String, reason: String) {
        services.violation(model, requestID, reason)
        withdraw(connection)
        keeper.withLockedValue { $0.value }?.replace(connection, reason: reason)
    }

    func runnerBrokeRing(_ connection: RunnerConnection, reason: String) {
        keeper.withLockedValue { $0.value }?.kill(connection, .brokeRing, reason: reason)
    }

    func runnerOwesAnswer(_ connection: RunnerConnection, by time: MonotonicTime) {
        keeper.withLockedValue { $0.value }?.look(at: time)
    }

    func runnerLogged(level: PluginServices.LogLevel, text: String) {
        guard level.rawValue >= services.logLevel.rawValue else { return }
        services.log(level, model, text)
    }

    func runnerRegistered(metric: UInt32, kind: PluginServices.MetricKind, name: String, help: String) {
        guard locked.withLockedValue({ $0.metrics.count }) < Self.mostMetrics else { return }
        let own = services.metric(kind, model, name, help)
        locked.withLockedValue { $0.metrics[metric] = own }
    }

    func runnerObserved(metric: UInt32, value: Double) {
        guard let own = locked.withLockedValue({ $0.metrics[metric] }), own != 0 else { return }
        services.observe(own, value)
    }
}
