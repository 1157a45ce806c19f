internal import CSandbox
internal import Glibc
internal import NIOConcurrencyHelpers
internal import SharedMemory
internal import Tensors

/// Keeps one runner: starts it, watches it, ends it where it must be ended, and starts the next. On a thread of its own,
/// which lives as long as its runners may: the kernel kills a runner when the thread that started it ends.
final class RunnerKeeper: Sendable {
    /// What others want of the thread.
    struct Wishes: Sendable {
        var mustStop = false
        var mayWarmUp = false
        /// A connection that is to end, why, and whether its requests may be answered first.
        var ending: (connection: RunnerConnection, cause: RunnerFailure.Cause, reason: String, isPolite: Bool)?
        var lookAt: MonotonicTime?
    }

    /// How the first start went, for whoever waits for it.
    struct Beginning: Sendable {
        var description: ModelDescription?
        var isWarm = false
        var failure: PluginLoadError?
        var hasEnded = false
    }

    let core: IsolatedCore
    let wishes = NIOLockedValueBox(Wishes())
    private let beginning = HostCondition(Beginning())
    /// Wakes the thread.
    let wakeDescriptor: Int32

    init(_ core: IsolatedCore) {
        self.core = core
        wakeDescriptor = process_bell()
        core.attach(self)
    }

    deinit {
        close(wakeDescriptor)
    }

    func start() {
        HostThread.start(name: "keeper") { [self] in
            var watch = RunnerWatch(self)
            watch.run()
        }
    }

    // MARK: For the model

    /// Waits until the plugin has loaded the model.
    func waitForDescription() throws(PluginLoadError) -> ModelDescription {
        let state = wait { $0.description != nil }
        if let description = state.description { return description }
        throw state.failure ?? PluginLoadError(.loadFailed, "the runner ended")
    }

    /// Lets the plugin warm up, and waits for that.
    func warmUp() throws(PluginLoadError) {
        wish { $0.mayWarmUp = true }
        let state = wait { $0.isWarm }
        if !state.isWarm { throw state.failure ?? PluginLoadError(.warmupFailed, "the runner ended") }
    }

    func stop() {
        wish { $0.mustStop = true }
    }

    func waitForEnd() {
        _ = wait { $0.hasEnded }
    }

    private func wait(until isDone: (Beginning) -> Bool) -> Beginning {
        beginning.wait { isDone($0) || $0.hasEnded }
    }

    /// The thread tells how far it is.
    func note(_ change: (inout Beginning) -> Void) {
        beginning.change(change)
    }

    // MARK: For the connection

    /// The runner is to be replaced once its requests have been answered.
    func replace(_ connection: RunnerConnection, reason: String) {
        end(connection, .brokeContract, reason, isPolite: true)
    }

    /// The runner is to be ended at once.
    func kill(_ connection: RunnerConnection, _ cause: RunnerFailure.Cause, reason: String) {
        end(connection, cause, reason, isPolite: false)
    }

    private func end(_ connection: RunnerConnection, _ cause: RunnerFailure.Cause, _ reason: String, isPolite: Bool) {
        wish { wishes in
            if let present = wishes.ending, present.connection === connection, !present.isPolite || isPolite { return }
            wishes.ending = (connection, cause, reason, isPolite)
        }
    }

    /// An abandoned request is due at `time`.
    func look(at time: MonotonicTime) {
        let isSooner = wishes.withLockedValue { wishes -> Bool in
            if let present = wishes.lookAt, present <= time { return false }
            wishes.lookAt = time
            return true
        }
        if isSooner { wake() }
    }

    private func wish(_ body: (inout Wishes) -> Void) {
        wishes.withLockedValue(body)
        wake()
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeDescriptor, &one, 8)
    }
}
