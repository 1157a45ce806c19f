package import Configuration
internal import Dispatch
internal import IssuerKeys
package import Logging
internal import NIOConcurrencyHelpers
internal import Policies
internal import SharedMemory
internal import Stores
package import Telemetry
internal import Tensors

/// Brings in one revision after the other: the first at the start, the others by reload or when a model is swapped.
///
///     read ─► check ─► provision models ─► make the gate ─► prepare listeners ─► swap ─► drain what went
///
/// Up to the swap anything may fail, and nothing has changed then. All of it happens on one thread of its own, one change
/// at a time: event loops and models' threads never wait for it.
package final class Gatekeeper: Sendable {
    /// A checked file.
    package struct Candidate: Sendable {
        package var configuration: GatewayConfiguration
        /// See `Revision.hash`.
        package var hash: String

        package init(configuration: GatewayConfiguration, hash: String) {
            self.configuration = configuration
            self.hash = hash
        }
    }

    package typealias Completion = @Sendable (Result<RevisionReport, ReloadFailure>) -> Void

    /// What the keeper is given by its surroundings.
    package struct Surroundings: Sendable {
        /// Reads and checks the file.
        package var read: @Sendable () throws(ReloadFailure) -> Candidate
        /// Makes listeners ready for a gate.
        package var prepareFront: @Sendable (Gate, Gatekeeper) throws(ReloadFailure) -> FrontChange

        package init(
            read: @escaping @Sendable () throws(ReloadFailure) -> Candidate,
            prepareFront: @escaping @Sendable (Gate, Gatekeeper) throws(ReloadFailure) -> FrontChange
        ) {
            self.read = read
            self.prepareFront = prepareFront
        }
    }

    struct Locked: Sendable {
        var gate: Gate?
        var models: [ProvisionedModel] = []
        var number = 0
        var isEnding = false
        var reloads = ReloadQueue<(cause: String, completion: Completion)>()
    }

    let loader: ModelLoader
    let metrics: GatewayMetrics
    let logger: Logger
    /// What is done here, and by whom.
    package let audit: AuditTrail
    private let surroundings: Surroundings
    /// Changes happen here, one after the other.
    let changes = DispatchQueue(label: "sluice.changes")
    let retirees: RetiredModels
    /// What clients share stays theirs from one revision to the next.
    private let regions = ClientRegions()
    /// Counts of quotas, too.
    private let stores: QuotaStores
    /// So do the keys of issuers.
    private let issuerKeys: IssuerKeyService
    /// How long a change waits for keys of new issuers, which may be out of reach.
    private static let keyPatience = Duration.seconds(3)
    let locked = NIOLockedValueBox(Locked())

    package init(
        loader: ModelLoader, metrics: GatewayMetrics, logger: Logger,
        audit: AuditTrail = AuditTrail { WallClock.millisecondsSince1970 }, surroundings: Surroundings
    ) {
        self.audit = audit
        self.loader = loader
        self.metrics = metrics
        self.logger = logger
        self.surroundings = surroundings
        self.issuerKeys = IssuerKeyService(IssuerKeyReport(logger: logger, metrics: metrics))
        self.retirees = RetiredModels(logger: logger)
        let quotas = metrics.quotas
        self.stores = QuotaStores(logger: logger) { name in
            let handles = quotas.store(name)
            return StoreObserver(
                isUp: { handles.up.set($0 ? 1 : 0) }, failed: { handles.failures.increment() },
                answered: { handles.seconds.observe(nanoseconds: $0) })
        }
    }

    /// What serves now; `nil` before the first revision.
    package var gate: Gate? { locked.withLockedValue { $0.gate } }

    // MARK: Reload

    /// Reads the file again and brings it in. Returns at once; `completion` comes on a thread of the keeper's.
    ///
    /// - Parameter cause: what the log says of why, e.g. `SIGHUP`.
    package func reload(cause: String, completion: @escaping Completion = { _ in }) {
        let mustStart = locked.withLockedValue { $0.reloads.ask((cause, completion)) }
        if mustStart { changes.async { self.runReload() } }
    }

    private func runReload() {
        let waiters = locked.withLockedValue { $0.reloads.begin() }
        let result = record(waiters.map(\.cause)) { () throws(ReloadFailure) in
            try bringIn(try surroundings.read())
        }
        for waiter in waiters { waiter.completion(result) }
        if locked.withLockedValue({ $0.reloads.end() }) { changes.async { self.runReload() } }
    }

    /// Brings in the first revision.
    package func start(_ candidate: Candidate) throws(ReloadFailure) -> RevisionReport {
        let result = changes.sync {
            record(["start"], action: "start") { () throws(ReloadFailure) in try bringIn(candidate) }
        }
        return try result.get()
    }

    /// Counts, logs and writes down what came of a change.
    func record(
        _ causes: [String], action: String = "reload", model: String? = nil,
        _ change: () throws(ReloadFailure) -> RevisionReport
    ) -> Result<RevisionReport, ReloadFailure> {
        let start = MonotonicTime.now
        let before = gate?.revision
        let result: Result<RevisionReport, ReloadFailure>
        do throws(ReloadFailure) {
            result = .success(try change())
        } catch {
            result = .failure(error)
        }
        let causes = Array(Set(causes)).sorted().joined(separator: ", ")
        let cause = model.map { "\(causes): \(action) \($0)" } ?? causes
        audit.append(.change(action, model: model, by: causes, before: before, result))
        metrics.reloads.seconds.observe(nanoseconds: MonotonicTime.now.nanoseconds(since: start))
        switch result {
        case .success(let report):
            metrics.reloads.succeeded.increment()
            metrics.reloads.revision.set(report.revision.number)
            metrics.reloads.lastSuccess.set(Int(WallClock.secondsSince1970))
            logger.info(
                "revision serves",
                metadata: [
                    "cause": "\(cause)", "revision": "\(report.revision.number)", "hash": "\(report.revision.hash)",
                    "changes": .array(report.changes.prefix(100).map { "\($0)" }),
                    "loaded": .array(report.loaded.map { "\($0)" }),
                    "retired": .array(report.retired.map { "\($0)" }),
                    "milliseconds": "\(report.nanoseconds / 1_000_000)",
                ])
        case .failure(let failure):
            metrics.reloads.failed.increment()
            var metadata: Logger.Metadata = [
                "cause": "\(cause)", "stage": "\(failure.stage.rawValue)", "reason": "\(failure.message)",
            ]
            if let serving = gate?.revision {
                metadata["serving"] = "\(serving.number)"
                metadata["hash"] = "\(serving.hash)"
            }
            logger.error("change refused", metadata: metadata)
        }
        return result
    }

    // MARK: One change; on `changes` only

    /// Loads what is new, makes a gate of it all, and lets it take over.
    ///
    /// - Parameters:
    ///   - renewing: models that are loaded anew in any case.
    ///   - only: the only models that may change, where not all may.
    func bringIn(
        _ candidate: Candidate, renewing: Set<String> = [], only: Set<String>? = nil
    ) throws(ReloadFailure) -> RevisionReport {
        let (old, number) = locked.withLockedValue { ($0.models, $0.number) }
        let start = MonotonicTime.now
        try checkStates(of: candidate.configuration)
        for model in old where model.runtime.configuration.state != nil {
            // Of those that are loaded anew the loader asks.
            let isGone = !candidate.configuration.models.contains { $0.name == model.runtime.name }
            if isGone { keepState(of: model.runtime) }
        }
        let models = loader.provision(candidate.configuration, keeping: old, renewing: renewing, only: only)
        if number > 0, let failure = Self.failure(in: models, before: old, renewing: renewing) {
            discard(models)
            throw failure
        }
        return try takeOver(candidate, models: models, start: start)
    }

    /// The gate of these models takes over.
    func takeOver(
        _ candidate: Candidate, models: [ProvisionedModel], start: MonotonicTime
    ) throws(ReloadFailure) -> RevisionReport {
        let (previous, last, number, isEnding) = locked.withLockedValue {
            ($0.gate, $0.models, $0.number + 1, $0.isEnding)
        }
        if isEnding {
            discard(models)
            throw ReloadFailure(.ending, "the gateway is ending")
        }
        let gate: Gate
        let change: FrontChange
        let runtimes = models.map(\.runtime)
        let opened = try openStores(candidate, discarding: models)
        do throws(ReloadFailure) {
            gate = try makeGate(
                candidate, number: number, models: runtimes, previous: previous, opened)
            change = try surroundings.prepareFront(gate, self)
        } catch {
            opened.cancel()
            issuerKeys.keep(previous?.configuration.issuers ?? [])
            discard(models)
            throw error
        }
        issuerKeys.keep(candidate.configuration.issuers)
        locked.withLockedValue { locked in
            locked.gate = gate
            locked.models = models
            locked.number = number
        }
        change.commit()
        opened.commit()
        gate.keepCanaries()
        renewStates(of: candidate.configuration, before: previous?.configuration)
        gate.metrics.announce(gate.models, instead: previous?.models ?? [])
        if let tallies = gate.tallies { gate.patrol?.watch.follow(tallies) }
        if let patrol = previous?.patrol, patrol !== gate.patrol { patrol.watch.stop() }
        let kept = Set(runtimes.map(ObjectIdentifier.init))
        return RevisionReport(
            revision: gate.revision,
            changes: Self.changes(from: previous, to: gate, models: models, before: last),
            loaded: models.filter { $0.isNew && $0.runtime.loaded != nil }.map(\.runtime.name),
            retired: last.map(\.runtime).filter { $0.loaded != nil && !kept.contains(ObjectIdentifier($0)) }.map(
                \.name),
            nanoseconds: MonotonicTime.now.nanoseconds(since: start))
    }

    /// What is different now, one line each.
    private static func changes(
        from previous: Gate?, to gate: Gate, models: [ProvisionedModel], before: [ProvisionedModel]
    ) -> [String] {
        guard let previous else { return [] }
        let changes = ConfigurationChange.all(from: previous.configuration, to: gate.configuration)
        let known = Dictionary(before.map { ($0.runtime.name, $0) }, uniquingKeysWith: { first, _ in first })
        let others = models.compactMap { model -> String? in
            let name = model.runtime.name
            guard let before = known[name], before.runtime !== model.runtime else { return nil }
            if model.isUnloaded { return "~ models.\(name): unloaded" }
            guard before.fingerprint.model == model.fingerprint.model else { return nil }
            if model.runtime.configuration.pipeline != nil {
                return "~ models.\(name): "
                    + (model.runtime.loaded == nil ? "a step isn't loaded" : "made anew of its steps")
            }
            return before.fingerprint == model.fingerprint
                ? "~ models.\(name): loaded anew" : "~ models.\(name): its plugin's or its model's file is another one"
        }
        return changes.map(\.text) + others
    }

    private func openStores(
        _ candidate: Candidate, discarding models: [ProvisionedModel]
    ) throws(ReloadFailure) -> QuotaStores.Opened {
        do throws(StoreFailure) {
            return try stores.open(
                candidate.configuration.stores, sealing: loader.sealing.keys(of: candidate.configuration))
        } catch {
            discard(models)
            throw ReloadFailure(.stores, error.description)
        }
    }

    private func makeGate(
        _ candidate: Candidate, number: Int, models: [ModelRuntime], previous: Gate?,
        _ opened: QuotaStores.Opened
    ) throws(ReloadFailure) -> Gate {
        let limit = candidate.configuration.drain.wholeNanoseconds
        let keys = issuerKeys.prepare(candidate.configuration.issuers, patience: Self.keyPatience)
        do {
            let gate = try Gate(
                Revision(number: number, hash: candidate.hash), configuration: candidate.configuration, models: models,
                metrics: metrics, previous: previous, regions: regions, stores: opened.stores,
                numbers: opened.numbers, keys: keys, logger: logger, audit: audit, now: .now,
                released: { [retirees] in retirees.release(models, limit: limit) })
            retirees.adopt(models)
            return gate
        } catch {
            throw ReloadFailure(
                .routes, "the models aren't such as routes, limits and steps need", diagnostics: error.diagnostics)
        }
    }

    /// Why these models may not take over: the first of them that should have been loaded and wasn't.
    ///
    /// One that was down before, and that nobody changed, may stay down.
    private static func failure(
        in models: [ProvisionedModel], before old: [ProvisionedModel], renewing: Set<String>
    ) -> ReloadFailure? {
        let known = Dictionary(old.map { ($0.runtime.name, $0) }, uniquingKeysWith: { first, _ in first })
        let broken = models.filter { model in
            // What is wrong with steps is told with its place when the gate is made.
            guard model.isNew, model.runtime.loaded == nil, !model.runtime.isMiswired else { return false }
            guard !renewing.contains(model.runtime.name), let before = known[model.runtime.name] else { return true }
            return before.runtime.loaded != nil || before.fingerprint != model.fingerprint
        }
        guard !broken.isEmpty else { return nil }
        let reasons = broken.map { model in
            ReloadFailure.text(of: model.runtime)
        }
        return ReloadFailure(.models, reasons.joined(separator: "; "))
    }

    /// Frees what was loaded for a revision that doesn't come.
    private func discard(_ models: [ProvisionedModel]) {
        let new = models.filter(\.isNew).map(\.runtime)
        retirees.adopt(new)
        retirees.release(new, limit: 5_000_000_000)
    }

    // MARK: The end

    /// How long a model may take to say what it has learned while the gateway ends.
    private static let lastPatience: UInt64 = 5_000_000_000

    /// Refuses further changes, and all that waits for a model; frees the models.
    ///
    /// - Returns: names of models whose plugins still held requests, and so were not freed.
    package func shutDown() -> [String] {
        let gate = locked.withLockedValue { locked -> Gate? in
            locked.isEnding = true
            defer { locked.gate = nil }
            return locked.gate
        }
        for model in gate?.models ?? [] where model.configuration.state != nil {
            keepState(of: model, within: Self.lastPatience)
        }
        defer { stores.close() }
        issuerKeys.shutDown()
        return retirees.freeAll(gate?.models ?? [])
    }
}

extension ReloadFailure {
    /// What is wrong with a model, naming it.
    static func text(of model: ModelRuntime) -> String {
        let reason = model.failure ?? "no reason given"
        return reason.contains("\"\(model.name)\"") ? reason : "model \"\(model.name)\": \(reason)"
    }
}
