internal import NIOConcurrencyHelpers
internal import SharedMemory
package import Tensors

/// A model whose plugin runs in a process of its own.
///
/// Callers can't tell it from one that runs here, but for this: whatever the plugin does to its process, this one and
/// its other models go on, and the runner is replaced.
package final class IsolatedModel: ModelInstance, Sendable {
    /// What a model is isolated with.
    package struct Settings: Sendable {
        /// The program `sluice-runner`.
        package var program: String
        package var pluginPath: String
        package var sha256: String?
        package var arguments: InProcessModel.Arguments
        package var sandbox: SandboxPlan
        /// All of the runner's environment, as `NAME=value`.
        package var environment: [String]
        /// Nanoseconds that a request may stay in the plugin beyond its deadline before the runner is killed.
        package var grace: UInt64
        /// Where the model's requests lie; instances of one model share it.
        package var inputs: IsolatedInputs
        /// What each runner goes on from.
        package var state: KeptState
        /// Where the kernel holds runners to their memory limits; `nil` where that is only watched.
        package var groups: RunnerGroups?

        package init(
            program: String, pluginPath: String, sha256: String? = nil, arguments: InProcessModel.Arguments,
            sandbox: SandboxPlan = SandboxPlan(), environment: [String] = [], grace: UInt64 = 1_000_000_000,
            inputs: IsolatedInputs, state: KeptState = KeptState(), groups: RunnerGroups? = nil
        ) {
            self.program = program
            self.pluginPath = pluginPath
            self.sha256 = sha256
            self.arguments = arguments
            self.sandbox = sandbox
            self.environment = environment
            self.grace = grace
            self.inputs = inputs
            self.state = state
            self.groups = groups
        }
    }

    package let description: ModelDescription
    private let core: IsolatedCore
    private let keeper: RunnerKeeper

    /// Starts the runner and loads the model. Blocks for as long as the plugin does.
    package init(_ settings: Settings, services: PluginServices) throws(PluginLoadError) {
        core = IsolatedCore(settings, services: services)
        keeper = RunnerKeeper(core)
        keeper.start()
        description = try keeper.waitForDescription()
    }

    deinit {
        keeper.stop()
    }

    package func warmUp() throws(PluginLoadError) {
        try keeper.warmUp()
    }

    package func infer(_ call: InferenceCall) {
        core.infer(IsolatedBatch(first: call), waits: isWaitedFor)
    }

    package func infer(_ calls: [InferenceCall]) {
        if description.signature.batching == .list, let first = calls.first {
            core.infer(IsolatedBatch(first: first, others: Array(calls.dropFirst())), waits: isWaitedFor)
        } else {
            for call in calls { infer(call) }
        }
    }

    package func perform(_ call: InferenceCall) {
        core.infer(IsolatedBatch(first: call), waits: true)
    }

    /// A quick model is called on an event loop, which nothing may hold up; all others on the model's own threads.
    private var isWaitedFor: Bool { !description.isQuick || description.streams }

    package var isReady: Bool { core.isReady }

    package var unfinishedCalls: Int { core.unfinishedCalls }

    /// Outputs that are still read lie in memory that outlives the runner.
    package var isIdle: Bool { core.unfinishedCalls == 0 }

    package var inputMemory: (any TensorMemory)? { core.settings.inputs.arena }

    package func unload() {
        keeper.stop()
        keeper.waitForEnd()
    }
}

/// The shared memory that a model's requests lie in, for all of its runners to read.
package final class IsolatedInputs: Sendable {
    let region: SharedRegion
    let arena: SharedArena

    package init(model: String) throws(PluginLoadError) {
        do {
            region = try .create(
                name: "sluice-inputs-\(model.prefix(64))", byteCount: ChannelLayout.arenaByteCount, side: .writer)
        } catch {
            throw PluginLoadError(.loadFailed, error.description)
        }
        arena = SharedArena(region)
    }
}
