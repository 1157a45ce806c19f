internal import Glibc
internal import NIOConcurrencyHelpers
internal import SharedMemory
internal import Tensors

/// What a keeper's thread does: one step after the other, nothing shared but its keeper's wishes.
struct RunnerWatch {
    /// How often memory is looked at, and whether a runner that is being replaced has answered.
    private static let memoryInterval: UInt64 = 50_000_000
    private static let idleInterval: UInt64 = 2_000_000
    /// How long a runner that is being replaced may take for what it still has.
    private static let politeness: UInt64 = 500_000_000
    /// How long a runner may take to unload.
    private static let farewell: UInt64 = 2_000_000_000
    /// Lines that a runner may write to the log in a second.
    private static let linesPerSecond = 50

    /// One runner, from start to end.
    struct Life {
        let process: RunnerProcess
        let connection: RunnerConnection
        /// Where the kernel counts its memory.
        var group: RunnerGroups.Group?
        /// The state that it goes on from, in memory that it reads while it loads.
        var state: TensorStorage?
        var isLoaded = false
        var hasAskedForWarmUp = false
        var isReady = false
        /// When it gets its full share of the processors, where requests wait for it and it is not ready by then.
        var hurryAt: MonotonicTime?
        var startFailure: PluginLoadError?
        /// Why it is being ended.
        var ending: (cause: RunnerFailure.Cause, reason: String)?
        /// When it is killed that is being ended.
        var killAt: MonotonicTime?
        var isKilled = false
        var tail = OutputTail()
        /// A plugin may close what it writes to.
        var hasOutput = true
        var nextMemoryLook = MonotonicTime(nanoseconds: 0)
    }

    let keeper: RunnerKeeper
    var life: Life?
    /// When to start the next runner.
    var startAt: MonotonicTime? = .now
    var hasBeenReady = false
    /// What its runners are copies of.
    var template: RunnerTemplate?
    /// What the first runner made, for those after it.
    var network: EmptyNetwork?
    private var description: ModelDescription?
    private var hasToldRefusals = false
    private var linesLeft = linesPerSecond
    private var linesSecond: UInt64 = 0

    var core: IsolatedCore { keeper.core }

    init(_ keeper: RunnerKeeper) {
        self.keeper = keeper
    }

    mutating func run() {
        while !(keeper.wishes.withLockedValue { $0.mustStop }) {
            if life == nil {
                guard let startAt else { break }
                if startAt <= .now {
                    begin()
                    continue
                }
            }
            sleep()
            tend(now: .now)
        }
        end()
        keeper.note { $0.hasEnded = true }
    }

    // MARK: Waiting

    private func sleep() {
        var descriptors = [pollfd(fd: keeper.wakeDescriptor, events: Int16(POLLIN), revents: 0)]
        if let template { descriptors.append(pollfd(fd: template.descriptor, events: Int16(POLLIN), revents: 0)) }
        if let life {
            descriptors.append(pollfd(fd: life.process.descriptor, events: Int16(POLLIN), revents: 0))
            if life.hasOutput {
                descriptors.append(pollfd(fd: life.process.output, events: Int16(POLLIN), revents: 0))
            }
            // Once it is closed there is nothing to wait for there but the end of the process.
            if life.startFailure == nil {
                descriptors.append(pollfd(fd: life.process.socket.descriptor, events: Int16(POLLIN), revents: 0))
            }
        }
        let now = MonotonicTime.now
        let next = [
            life == nil ? startAt : nil, keeper.wishes.withLockedValue { $0.lookAt }, life?.killAt, life?.hurryAt,
            life?.killAt.map { min($0, now.advanced(byNanoseconds: Self.idleInterval)) },
            isMemoryWatched ? life?.nextMemoryLook : nil,
        ].compactMap { $0 }.min()
        let timeout = next.map { Int32(clamping: ($0.nanoseconds(since: now) + 999_999) / 1_000_000) } ?? -1
        poll(&descriptors, nfds_t(descriptors.count), timeout)
        var count: UInt64 = 0
        _ = read(keeper.wakeDescriptor, &count, 8)
    }

    // MARK: Tending

    private mutating func tend(now: MonotonicTime) {
        if template?.hasEnded == true { template = nil }
        guard life != nil else { return }
        readOutput()
        readSocket()
        allowWarmUp()
        hurry(now: now)
        obeyWishes(now: now)
        lookForOverdue(now: now)
        lookAtMemory(now: now)
        carryOutEnding(now: now)
        if life?.process.hasEnded == true { bury() }
    }

    private mutating func readOutput() {
        guard var life else { return }
        defer { self.life = life }
        var chunk = [UInt8](repeating: 0, count: 4096)
        // Bounded, so that a runner that writes without end gets no more than its turn.
        for _ in 0..<16 {
            let count = read(life.process.output, &chunk, chunk.count)
            if count == 0 { life.hasOutput = false }
            guard count > 0 else { break }
            for line in life.tail.append(chunk[..<count]) { forward(line) }
        }
    }

    private mutating func forward(_ line: String) {
        let second = MonotonicTime.now.nanoseconds / 1_000_000_000
        if second != linesSecond {
            linesSecond = second
            linesLeft = Self.linesPerSecond
        }
        guard linesLeft > 0 else { return }
        linesLeft -= 1
        guard PluginServices.LogLevel.info.rawValue >= core.services.logLevel.rawValue else { return }
        core.services.log(.info, core.model, line)
    }

    private mutating func readSocket() {
        while life?.startFailure == nil, let received = life?.process.socket.receive() {
            switch received {
            case .nothing: return
            case .closed:
                life?.startFailure = PluginLoadError(.loadFailed, "the runner ended while it loaded the plugin")
                return
            case .message(let bytes):
                var reader = MessageReader(bytes)
                do throws(MessageReader.Malformed) {
                    take(try RunnerReport(reading: &reader))
                } catch {
                    life?.startFailure = PluginLoadError(.loadFailed, "the runner reports nonsense: \(error)")
                    life?.process.kill()
                }
            }
        }
    }

    private mutating func take(_ report: RunnerReport) {
        switch report {
        case .sandboxed(let refused):
            if !hasToldRefusals && !refused.isEmpty {
                core.services.log(
                    .warning, core.model, "the kernel refused part of the sandbox: " + refused.joined(separator: "; "))
            }
            hasToldRefusals = true
            let sandbox = core.settings.sandbox
            if network == nil, sandbox.level != .off, !sandbox.allowsNetwork, let process = life?.process {
                network = EmptyNetwork(of: process.id)
            }
        case .described(let described):
            if let description, description != described {
                let failure = PluginLoadError(
                    .badDescription, "model \"\(core.model)\" describes itself otherwise than before")
                life?.startFailure = failure
                life?.process.kill()
                return
            }
            description = described
            life?.connection.description = described
            life?.isLoaded = true
            life?.state = nil
            keeper.note { $0.description = described }
        case .ready:
            guard let connection = life?.connection else { return }
            life?.isReady = true
            life?.hurryAt = nil
            life?.nextMemoryLook = .now
            hasBeenReady = true
            core.began(connection)
            keeper.note { $0.isWarm = true }
        case .failed(let error): life?.startFailure = error
        }
    }

    /// The first runner warms up when it is told to, all later ones at once.
    private mutating func allowWarmUp() {
        guard let life, life.isLoaded, !life.hasAskedForWarmUp,
            hasBeenReady || keeper.wishes.withLockedValue({ $0.mayWarmUp })
        else { return }
        self.life?.hasAskedForWarmUp = true
        send(.warmUp)
    }

    private func send(_ command: RunnerCommand) {
        var writer = MessageWriter()
        writer.write(command.rawValue)
        _ = life?.process.socket.send(writer)
    }

    // MARK: Ending

    private mutating func obeyWishes(now: MonotonicTime) {
        let ending = keeper.wishes.withLockedValue { wishes in
            defer { wishes.ending = nil }
            return wishes.ending
        }
        guard let ending, let connection = life?.connection, ending.connection === connection else { return }
        if let present = life?.ending, present.cause != .brokeContract { return }
        life?.ending = (ending.cause, ending.reason)
        let killAt = ending.isPolite ? now.advanced(byNanoseconds: Self.politeness) : now
        let sooner = min(life?.killAt ?? killAt, killAt)
        life?.killAt = sooner
    }

    private mutating func lookForOverdue(now: MonotonicTime) {
        let isTime = keeper.wishes.withLockedValue { wishes -> Bool in
            guard let time = wishes.lookAt, time <= now else { return false }
            wishes.lookAt = nil
            return true
        }
        guard isTime, let connection = life?.connection else { return }
        let overdue = connection.overdueCalls(now: now)
        if overdue.isEmpty {
            if let next = connection.nextOverdue { keeper.look(at: next) }
            return
        }
        endNow(
            .hung, "it did not let go of a request after its deadline, nor \(core.settings.grace / 1_000_000) ms later")
    }

    private var isMemoryWatched: Bool {
        life?.isReady == true && life?.group == nil && core.settings.sandbox.memoryLimit != nil
    }

    private mutating func lookAtMemory(now: MonotonicTime) {
        guard isMemoryWatched, let limit = core.settings.sandbox.memoryLimit, let life, life.nextMemoryLook <= now
        else {
            return
        }
        self.life?.nextMemoryLook = now.advanced(byNanoseconds: Self.memoryInterval)
        guard let used = life.process.residentByteCount, used > limit else { return }
        endNow(.outOfMemory, "it took \(used >> 20) MiB of memory; \(limit >> 20) MiB are allowed")
    }

    /// Why a runner ended that took more than the kernel lets it.
    private func outOfMemory(_ life: Life) -> String? {
        guard let limit = core.settings.sandbox.memoryLimit, let group = life.group, group.hasRunOut else { return nil }
        return "it took more than the \(limit >> 20) MiB of memory that are allowed"
    }

    private mutating func endNow(_ cause: RunnerFailure.Cause, _ reason: String) {
        guard life?.isKilled == false else { return }
        if let connection = life?.connection { core.withdraw(connection) }
        life?.ending = (cause, reason)
        life?.killAt = .now
    }

    private mutating func carryOutEnding(now: MonotonicTime) {
        guard let life, let killAt = life.killAt, !life.isKilled else { return }
        if killAt <= now || life.connection.callCount == 0 {
            life.process.kill()
            self.life?.isKilled = true
            self.life?.killAt = nil
        }
    }

    private mutating func bury() {
        readOutput()
        // A failure that it reported with its last breath says more than how it ended.
        readSocket()
        guard var life else { return }
        self.life = nil
        let end = life.process.bury()
        giveWay()
        life.tail.finish()
        let shortage = outOfMemory(life)
        life.group?.remove()
        if let shortage, life.ending == nil { life.ending = (.outOfMemory, shortage) }
        guard hasBeenReady else {
            _ = life.connection.close()
            var failure = life.startFailure ?? PluginLoadError(.loadFailed, "")
            if let shortage {
                failure.message = "the runner of model \"\(core.model)\" ended while it loaded the plugin: \(shortage)"
            } else if failure.kind == .loadFailed, life.startFailure?.message.contains("runner ended") ?? true {
                failure.message =
                    "the runner of model \"\(core.model)\" ended (\(end.text)) while it loaded the plugin"
                    + (life.tail.lines.last.map { ": \($0)" } ?? "")
            }
            keeper.note { $0.failure = failure }
            return
        }
        let cause = life.ending?.cause ?? (life.isReady ? .crashed : .notStarted)
        // Where it was ready, that its socket has closed is how its end was seen, and no reason.
        let reason = life.ending?.reason ?? (life.isReady ? nil : life.startFailure?.message) ?? ""
        report(connection: life.connection, cause: cause, reason: reason, end: end.text, lines: life.tail.lines)
        giveWay()
    }

    /// Lets an event loop go first that waits for this processor: the keeper sleeps nearly always, and would else be let run
    /// until all that a crash brings is done.
    func giveWay() {
        sched_yield()
    }

    mutating func report(
        connection: RunnerConnection?, cause: RunnerFailure.Cause, reason: String, end: String, lines: [String]
    ) {
        let (until, isOpen, ids) = core.ended(connection, random: .random(in: 0...1))
        startAt = until
        core.services.failure(
            RunnerFailure(
                model: core.model, cause: cause, reason: reason, end: end, requestIDs: ids, lastLines: lines,
                restartsIn: until.nanoseconds(since: .now), isOpen: isOpen))
    }

    /// The model is unloaded, or never was loaded.
    private mutating func end() {
        core.end()
        template = nil
        guard let life else { return }
        self.life = nil
        let calls = life.connection.close()
        for entry in calls {
            if entry.close() {
                entry.call.deliver(
                    .failure(SluiceError(.shuttingDown, "model \"\(core.model)\" is being unloaded")))
            }
            entry.letGo()
        }
        if calls.isEmpty && life.isReady && !life.isKilled {
            var writer = MessageWriter()
            writer.write(RunnerCommand.end.rawValue)
            _ = life.process.socket.send(writer)
            var descriptor = pollfd(fd: life.process.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&descriptor, 1, Int32(Self.farewell / 1_000_000))
        }
        life.process.kill()
        _ = life.process.bury()
        life.group?.remove()
    }
}
