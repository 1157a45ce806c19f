internal import Configuration
internal import Logging
internal import NIOConcurrencyHelpers
internal import Routing
internal import Telemetry
package import Tensors

/// The breaker of one model, for all requests to it; reloads keep it while model and settings stay the same.
package final class ModelBreaker: Sendable {
    package let model: String
    private let breaker: NIOLockedValueBox<CircuitBreaker>
    private let metrics: GatewayMetrics.BreakerHandles
    private let logger: Logger?

    /// How a breaker stands.
    package struct Standing: Sendable {
        /// `closed`, `open`, `half_open`, or `held_open` where somebody opened it by hand.
        package var state: String
        /// Until it lets a probe through; 0 where it doesn't wait for that.
        package var nanosecondsLeft: UInt64
        /// Failures in a row.
        package var failures: Int
        package var openings: Int
        /// The code of the failure that opened it last, where one did.
        package var reason: SluiceError.Code?
    }

    init(_ model: String, policy: BreakerConfiguration, metrics: GatewayMetrics, logger: Logger?) {
        self.model = model
        breaker = NIOLockedValueBox(CircuitBreaker(policy, seed: .random(in: 0 ... .max)))
        self.metrics = metrics.breaker(model)
        self.logger = logger
        self.metrics.state.set(0)
    }

    var policy: BreakerConfiguration { breaker.withLockedValue { $0.policy } }

    /// Lets a call through.
    ///
    /// - Throws: `model_unavailable`, with the wait until there is a chance.
    func admit(now: MonotonicTime) throws(OpenBreaker) -> CircuitBreaker.Pass {
        let (admission, reason) = breaker.withLockedValue { ($0.admit(now: now), $0.reason) }
        switch admission {
        case .pass(let pass): return pass
        case .refuse(let wait):
            metrics.rejections.increment()
            throw OpenBreaker(
                error: SluiceError(
                    .modelUnavailable, "model \"\(model)\" has failed too often and is left alone for a while",
                    detail: [.init("model", model)], retryAfterNanoseconds: wait),
                reason: reason)
        }
    }

    /// A call that was let through has ended.
    func ended(_ pass: CircuitBreaker.Pass, _ outcome: CircuitBreaker.Outcome, now: MonotonicTime) {
        switch breaker.withLockedValue({ $0.ended(pass, outcome, now: now) }) {
        case .opened(let nanoseconds):
            metrics.openings.increment()
            logger?.warning(
                "breaker opened",
                metadata: ["model": "\(model)", "milliseconds": "\(nanoseconds / 1_000_000)"])
        case .closed: logger?.info("breaker closed", metadata: ["model": "\(model)"])
        case nil: break
        }
    }

    /// Whether requests to the model have a chance.
    func isAvailable(now: MonotonicTime) -> Bool { breaker.withLockedValue { $0.isAvailable(now: now) } }

    /// Opens it until it is closed by hand.
    package func hold(by administrator: String) {
        let isNew = breaker.withLockedValue { breaker in
            let before = breaker.openings
            breaker.hold()
            return breaker.openings > before
        }
        if isNew { metrics.openings.increment() }
        logger?.warning(
            "breaker opened by hand", metadata: ["model": "\(model)", "administrator": "\(administrator)"])
    }

    /// Closes it.
    package func reset(by administrator: String) {
        breaker.withLockedValue { $0.reset() }
        logger?.warning(
            "breaker closed by hand", metadata: ["model": "\(model)", "administrator": "\(administrator)"])
    }

    package func standing(now: MonotonicTime) -> Standing {
        let breaker = breaker.withLockedValue { $0 }
        var left: UInt64 = 0
        if case .open(let until) = breaker.phase { left = until.nanoseconds(since: now) }
        let state =
            switch breaker.phase {
            case .closed: "closed"
            case .open: "open"
            case .halfOpen: "half_open"
            case .held: "held_open"
            }
        return Standing(
            state: state, nanosecondsLeft: left, failures: breaker.failures, openings: breaker.openings,
            reason: breaker.phase == .closed || breaker.phase == .held ? nil : breaker.reason)
    }

    /// Sets what is only looked up when somebody asks.
    func refresh() {
        switch breaker.withLockedValue({ $0.phase }) {
        case .closed: metrics.state.set(0)
        case .halfOpen: metrics.state.set(1)
        case .open, .held: metrics.state.set(2)
        }
    }
}

/// A model that isn't even asked.
struct OpenBreaker: Error {
    /// What a caller is told, where nothing else answers.
    var error: SluiceError
    /// What opened it.
    var reason: SluiceError.Code
}

/// The breakers of a gate, by the place of their models; all of it is nothing where the file has none.
package struct ModelBreakers: Sendable {
    /// In the order of the models.
    private let breakers: [ModelBreaker?]
    /// Whether there are any: requests look no further where not.
    let isEmpty: Bool

    /// - Parameter previous: the gate before: breakers of models that are the same go on.
    init(
        _ configuration: GatewayConfiguration, models: [ModelRuntime], metrics: GatewayMetrics, logger: Logger?,
        previous: Gate?
    ) {
        var known: [String: (model: ModelRuntime, breaker: ModelBreaker)] = [:]
        for (index, model) in (previous?.models ?? []).enumerated() {
            if let breaker = previous?.breakers[index] { known[model.name] = (model, breaker) }
        }
        breakers = zip(configuration.models, models).map { configured, model in
            guard let policy = configured.breaker else { return nil }
            if let known = known[model.name], known.model === model, known.breaker.policy == policy {
                return known.breaker
            }
            return ModelBreaker(model.name, policy: policy, metrics: metrics, logger: logger)
        }
        isEmpty = breakers.allSatisfy { $0 == nil }
    }

    subscript(index: Int) -> ModelBreaker? { isEmpty ? nil : breakers[index] }

    /// Those that there are.
    package var all: [ModelBreaker] { breakers.compactMap(\.self) }
}
