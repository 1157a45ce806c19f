internal import Glibc
internal import SharedMemory
internal import Tensors

/// How a runner is started.
///
/// It is a copy of the keeper's template, as the program's start is mostly the dynamic linker's work. What is left takes a
/// processor for a millisecond and more, by what the plugin does; at full share it would hold up an event loop on the same
/// processor for as long, so a runner starts behind the gateway (`runner_template.c`), and only where that takes too long
/// for those who wait for it does it get its full share.
extension RunnerWatch {
    /// How long a runner that is waited for may take at that.
    private static let leisure: UInt64 = 150_000_000

    mutating func begin() {
        startAt = nil
        core.starting()
        do {
            let host: SharedRegion
            let runner: SharedRegion
            do {
                host = try .create(name: "sluice-host", byteCount: ChannelLayout.hostByteCount, side: .writer)
                runner = try .create(name: "sluice-runner", byteCount: ChannelLayout.runnerByteCount, side: .reader)
            } catch {
                throw PluginLoadError(.loadFailed, "\(error)")
            }
            giveWay()
            let settings = core.settings
            let process = try presentTemplate().makeRunner(
                inputs: settings.inputs.region, host: host, runner: runner, namespaces: network?.descriptors ?? [])
            host.closeDescriptor()
            runner.closeDescriptor()
            let connection = RunnerConnection(
                model: core.model, inputs: settings.inputs.arena, host: host, runner: runner, grace: settings.grace,
                observer: core)
            let state = try sharedState()
            let isAwaited = hasBeenReady && core.isFirstFailure
            life = Life(
                process: process, connection: connection, group: group(of: process), state: state?.storage,
                hurryAt: isAwaited ? .now.advanced(byNanoseconds: Self.leisure) : nil)
            giveWay()
            // Log lines and metrics come from the first moment on.
            connection.startReading()
            var order = MessageWriter()
            LoadOrder(
                pluginPath: settings.pluginPath, sha256: settings.sha256, arguments: settings.arguments,
                logLevel: core.services.logLevel, sandbox: settings.sandbox, network: network?.way ?? .make,
                gatewayProcess: getpid(), isAwaited: isAwaited, state: state?.place
            ).write(to: &order)
            // A runner that is gone already is seen to have ended.
            _ = process.socket.send(order)
        } catch {
            failed(error as? PluginLoadError ?? PluginLoadError(.loadFailed, "\(error)"))
        }
    }

    private mutating func presentTemplate() throws(PluginLoadError) -> RunnerTemplate {
        if let template, !template.hasEnded { return template }
        let template = try RunnerTemplate(program: core.settings.program, environment: core.settings.environment)
        self.template = template
        return template
    }

    /// The kernel's own watch over the runner's memory, which has not opened its plugin yet.
    private func group(of process: RunnerProcess) -> RunnerGroups.Group? {
        guard let limit = core.settings.sandbox.memoryLimit, let groups = core.settings.groups else { return nil }
        do throws(RunnerGroups.Refusal) {
            return try groups.group(for: process.id, memory: limit)
        } catch {
            core.services.log(
                .warning, core.model, "the runner's memory is watched, as it has no cgroup: \(error.reason)")
            return nil
        }
    }

    /// What the model has learned so far, where the runner can read it.
    private func sharedState() throws(PluginLoadError) -> (storage: TensorStorage, place: Range<Int>)? {
        guard let latest = core.settings.state.latest else { return nil }
        if latest.byteCount == 0 { return (latest, 0..<0) }
        let arena = core.settings.inputs.arena
        guard let copy = TensorStorage.allocateIfPossible(byteCount: latest.byteCount, pool: arena),
            let offset = arena.offset(of: copy.base, byteCount: copy.byteCount)
        else {
            throw PluginLoadError(
                .loadFailed, "there is no room in shared memory for the state of model \"\(core.model)\"")
        }
        copy.mutableBytes.copyMemory(from: UnsafeRawBufferPointer(start: latest.base, count: latest.byteCount))
        return (copy, offset..<(offset + latest.byteCount))
    }

    /// It could not even be started.
    private mutating func failed(_ error: PluginLoadError) {
        guard hasBeenReady else {
            keeper.note { $0.failure = error }
            return
        }
        report(connection: nil, cause: .notStarted, reason: error.message, end: "", lines: [])
    }

    /// A start that others wait for goes on at full share once it has taken long.
    mutating func hurry(now: MonotonicTime) {
        guard let life, let hurryAt = life.hurryAt, hurryAt <= now else { return }
        self.life?.hurryAt = nil
        life.process.give(niceness: 0)
    }
}
