internal import Dispatch
internal import Logging
internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Tensors

/// Knows which gates use which models, and frees a model once none does and its plugin is done.
///
/// A gate lives for as long as any request goes through it, so a model that it names is never freed under a request.
final class RetiredModels: Sendable {
    private struct Locked: Sendable {
        /// Gates by model.
        var users: [ObjectIdentifier: Int] = [:]
        var retirement = Retirement<ModelRuntime>()
        var isScheduled = false
        var isOver = false
    }

    private let logger: Logger
    private let locked = NIOLockedValueBox(Locked())
    /// Plugins may take their time to free a model.
    private let queue = DispatchQueue(label: "sluice.retired")

    init(logger: Logger) {
        self.logger = logger
    }

    /// A gate uses these models.
    func adopt(_ models: [ModelRuntime]) {
        locked.withLockedValue { locked in
            for model in models { locked.users[ObjectIdentifier(model), default: 0] += 1 }
        }
    }

    /// A gate is gone. Never blocks.
    ///
    /// - Parameter limit: nanoseconds after which the log says that a model isn't free.
    func release(_ models: [ModelRuntime], limit: UInt64) {
        let mustSchedule = locked.withLockedValue { locked -> Bool in
            guard !locked.isOver else { return false }
            for model in models {
                let left = locked.users[ObjectIdentifier(model), default: 1] - 1
                locked.users[ObjectIdentifier(model)] = left == 0 ? nil : left
                if left == 0, model.loaded != nil { locked.retirement.add(model, limit: limit, now: .now) }
            }
            guard locked.retirement.nextLook != nil, !locked.isScheduled else { return false }
            locked.isScheduled = true
            return true
        }
        if mustSchedule { queue.async { self.look() } }
    }

    /// Looks at what is due; on `queue` only.
    private func look() {
        let due = locked.withLockedValue { $0.isOver ? [] : $0.retirement.due(now: .now) }
        for look in due {
            if look.isFirst { look.model.stop() }
            let isFreed = look.model.unloadIfIdle()
            let note = locked.withLockedValue {
                $0.retirement.looked(at: look.number, isFreed: isFreed, now: .now)
            }
            tell(note, of: look.model)
        }
        let next = locked.withLockedValue { locked -> MonotonicTime? in
            let next = locked.isOver ? nil : locked.retirement.nextLook
            locked.isScheduled = next != nil
            return next
        }
        guard let next else { return }
        let pause = next.nanoseconds(since: .now)
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(clamping: pause))) { self.look() }
    }

    private func tell(_ note: Retirement<ModelRuntime>.Note?, of model: ModelRuntime) {
        switch note {
        case .freed(let nanoseconds):
            logger.info(
                "model freed",
                metadata: ["model": "\(model.name)", "milliseconds": "\(nanoseconds / 1_000_000)"])
        case .late(let nanoseconds):
            logger.warning(
                "retired model not freed yet: its plugin still holds requests or somebody reads their answers",
                metadata: [
                    "model": "\(model.name)", "requests": "\(model.unfinishedCalls)",
                    "milliseconds": "\(nanoseconds / 1_000_000)",
                ])
        case nil: break
        }
    }

    /// The end: stops these models and those that retired before, and frees all that are idle.
    ///
    /// - Returns: names of those that aren't.
    func freeAll(_ models: [ModelRuntime]) -> [String] {
        queue.sync {
            let retired = locked.withLockedValue { locked in
                locked.isOver = true
                return locked.retirement.models
            }
            return (models.filter { $0.loaded != nil } + retired).filter { model in
                model.stop()
                return !model.unloadIfIdle()
            }.map(\.name)
        }
    }
}
