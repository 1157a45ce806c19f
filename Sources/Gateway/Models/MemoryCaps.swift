internal import Logging
internal import NIOConcurrencyHelpers
internal import PluginHost

/// Finds out, once there is a runner with a limit, how runners can be held to their memory here, and says so in the log.
final class MemoryCaps: Sendable {
    private let logger: Logger
    private let found = NIOLockedValueBox<RunnerGroups?>(nil)

    init(logger: Logger) {
        self.logger = logger
    }

    var groups: RunnerGroups {
        found.withLockedValue { found in
            if let found { return found }
            let groups = RunnerGroups()
            found = groups
            switch groups.mechanism {
            case .groups(let folder):
                logger.info("memory of runners is limited by cgroups", metadata: ["folder": "\(folder)"])
            case .watching(let reason):
                logger.info("memory of runners is watched", metadata: ["why_no_cgroups": "\(reason)"])
            }
            return groups
        }
    }
}
