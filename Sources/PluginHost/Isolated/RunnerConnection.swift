internal import Glibc
internal import NIOConcurrencyHelpers
internal import SharedMemory
internal import Tensors

/// What a connection tells of its runner.
protocol RunnerConnectionObserver: AnyObject, Sendable {
    /// A request was answered, whatever the model said to it.
    func runnerAnswered(_ connection: RunnerConnection)
    /// The plugin broke its contract.
    func runnerBrokeContract(_ connection: RunnerConnection, requestID: String, reason: String)
    /// What the runner wrote can't be.
    func runnerBrokeRing(_ connection: RunnerConnection, reason: String)
    /// A request is abandoned; the runner is given up if it holds it at that time.
    func runnerOwesAnswer(_ connection: RunnerConnection, by time: MonotonicTime)
    func runnerLogged(level: PluginServices.LogLevel, text: String)
    func runnerRegistered(metric: UInt32, kind: PluginServices.MetricKind, name: String, help: String)
    func runnerObserved(metric: UInt32, value: Double)
}

/// The gateway's end of the rings to one runner, for as long as that lives: sends requests, takes answers.
///
/// Sending never blocks: what finds no room in a ring waits in memory, behind what waits there already.
final class RunnerConnection: Sendable {
    struct Locked: Sendable {
        var requests: RingWriter
        var control: RingWriter
        var message = MessageWriter()
        /// Calls that the runner has, by their place.
        var calls: [IsolatedCall?] = []
        var turns: [UInt32] = []
        var free: [Int] = []
        /// Records that found no room, in order.
        var requestBacklog: [(kind: UInt32, bytes: [UInt8])] = []
        var controlBacklog: [(kind: UInt32, bytes: [UInt8])] = []
        /// Releases that the runner wasn't woken for.
        var quietReleases = 0
        /// Whether there are requests that the runner wasn't woken for, in case it sleeps.
        var isUnwoken = false
        var patience = CallerPatience()
        /// What the model declares; set before the first call.
        var declared: Declared?
        var isClosed = false

        /// Calls that the runner has not let go of.
        var callCount: Int { calls.count - free.count }

        /// How a caller may wait for its answer on the spot, if it may.
        mutating func beginToWait() -> CallerPatience.Way? {
            patience.begin(calls: callCount) { Processor.current.flatMap { requests.reader(on: $0) } }
        }

        /// Wakes the runner for requests that it wasn't woken for.
        ///
        /// - Parameter reader: the one on this thread's own processor, if it is to be that one.
        mutating func wakeRunner(_ reader: LocalReader? = nil) {
            guard isUnwoken else { return }
            isUnwoken = false
            if let reader { requests.wake(reader) } else { requests.wake() }
        }
    }

    /// What the model declares, in an object: so it can be looked at without the lock and without a copy of all of it.
    final class Declared: Sendable {
        let description: ModelDescription

        init(_ description: ModelDescription) {
            self.description = description
        }

        /// What the output at a place of an answer is mostly called.
        func outputName(at index: Int) -> String? {
            index < description.signature.outputs.count ? description.signature.outputs[index].name : nil
        }
    }

    /// The runner is woken to take memory back after so many releases, or at once for one of so many bytes.
    private static let releasesTogether = 64
    private static let largeRelease = 64 << 10

    let model: String
    let host: SharedRegion
    let runner: SharedRegion
    let inputs: SharedArena
    /// Nanoseconds beyond its deadline that an abandoned request may stay in the runner.
    let grace: UInt64
    let answers: RingMemory
    let observer: any RunnerConnectionObserver
    let locked: NIOLockedValueBox<Locked>
    /// The ring of answers and what was read last; whoever has it locked reads.
    let reading: NIOLockedValueBox<Reading>
    /// Where whoever waits for answers sleeps.
    let bell: Doorbell

    init(
        model: String, inputs: SharedArena, host: SharedRegion, runner: SharedRegion, grace: UInt64,
        observer: any RunnerConnectionObserver
    ) {
        self.model = model
        self.inputs = inputs
        self.host = host
        self.runner = runner
        self.grace = grace
        self.observer = observer
        answers = ChannelLayout.answers(host: host, runner: runner)
        let ring = RingReader(answers)
        reading = NIOLockedValueBox(Reading(ring: ring))
        bell = ring.doorbell
        locked = NIOLockedValueBox(
            Locked(
                requests: RingWriter(ChannelLayout.requests(host: host, runner: runner)),
                control: RingWriter(ChannelLayout.control(host: host, runner: runner))))
    }

    /// What the model declares, as soon as it is known.
    var description: ModelDescription? {
        get { locked.withLockedValue { $0.declared }?.description }
        set {
            let declared = newValue.map { Declared($0) }
            locked.withLockedValue { $0.declared = declared }
        }
    }

    /// Calls that the runner has not let go of.
    var callCount: Int { locked.withLockedValue { $0.callCount } }

    // MARK: Sending

    /// Hands calls to the runner, those of one list in one message where the model takes lists.
    ///
    /// - Parameter wakes: whether the runner is woken for a single call; otherwise `wait` does.
    /// - Returns: false where the runner is gone; the calls are as they were.
    func send(_ batch: IsolatedBatch, wakes: Bool = true) -> Bool {
        if batch.count == 1 { return send(batch.first, of: batch, wakes: wakes) }
        var ready: [(InferenceCall, SharedInputs)] = []
        for call in batch.calls {
            guard let inputs = share(call, of: batch) else { continue }
            ready.append((call, inputs))
        }
        let outcome = locked.withLockedValue { locked -> Outcome in
            guard !locked.isClosed else { return .closed }
            var left: [InferenceCall] = []
            var entries: [IsolatedCall] = []
            var body = MessageWriter()
            for (call, inputs) in ready {
                guard let entry = enter(call, inputs, of: batch, &locked) else {
                    left.append(call)
                    continue
                }
                var inputs = inputs
                write(call, as: entry.number, &inputs, to: &body)
                entries.append(entry)
            }
            guard !entries.isEmpty else { return .sent(left: left) }
            locked.message.reset()
            locked.message.write(UInt32(entries.count))
            locked.message.write(raw: body)
            if writeRequest(.inferList, of: entries[0], and: entries.dropFirst(), &locked) { return .sent(left: left) }
            return .noRoom(entries, left: left)
        }
        return settle(outcome, of: batch)
    }

    /// What became of calls that were to be sent.
    private enum Outcome {
        /// `left` are calls whose callers have gone.
        case sent(left: [InferenceCall])
        case noRoom([IsolatedCall], left: [InferenceCall])
        case closed
    }

    private func settle(_ outcome: Outcome, of batch: IsolatedBatch) -> Bool {
        switch outcome {
        case .closed: return false
        case .sent(let left):
            for call in left { batch.letGo(call) }
        case .noRoom(let entries, let left):
            for entry in entries {
                if entry.close() { entry.call.deliver(.failure(overloaded)) }
                batch.letGo(entry.call)
            }
            for call in left { batch.letGo(call) }
        }
        return true
    }

    private func send(_ call: InferenceCall, of batch: IsolatedBatch, wakes: Bool) -> Bool {
        guard var inputs = share(call, of: batch) else { return true }
        let outcome = locked.withLockedValue { locked -> Outcome in
            guard !locked.isClosed else { return .closed }
            guard let entry = enter(call, inputs, of: batch, &locked) else { return .sent(left: [call]) }
            locked.message.reset()
            write(call, as: entry.number, &inputs, to: &locked.message)
            var kind = MessageKind.Request.infer
            if let purpose = call.envelope.purpose {
                kind = .perform
                locked.message.write(purpose) { place(of: $0, in: call.envelope.lesson?.labels ?? [], &inputs) }
            }
            return writeRequest(kind, of: entry, wakes: wakes, &locked) ? .sent(left: []) : .noRoom([entry], left: [])
        }
        return settle(outcome, of: batch)
    }

    func refuse(_ call: InferenceCall, of batch: IsolatedBatch) -> SharedInputs? {
        call.abandon(overloaded)
        batch.letGo(call)
        return nil
    }

    private var overloaded: SluiceError {
        SluiceError(
            .overloaded, "model \"\(model)\" is overloaded: the shared memory for its inputs is full",
            detail: [.init("model", model)], retryAfterNanoseconds: 1_000_000_000)
    }

    /// Gives a call a place; `nil` where its caller has gone.
    private func enter(
        _ call: InferenceCall, _ inputs: SharedInputs, of batch: IsolatedBatch, _ locked: inout Locked
    ) -> IsolatedCall? {
        let place = locked.free.popLast() ?? locked.calls.count
        if place == locked.calls.count {
            locked.calls.append(nil)
            locked.turns.append(0)
        }
        locked.turns[place] &+= 1
        let entry = IsolatedCall(
            call, number: CallNumber(place: UInt32(place), turn: locked.turns[place]), of: batch,
            copies: inputs.copies, connection: self)
        guard call.enter(entry) else {
            locked.free.append(place)
            return nil
        }
        locked.calls[place] = entry
        return entry
    }

    /// Sends the message that was written; false where it is too large for the ring and the arena has no room for it.
    private func writeRequest(
        _ kind: MessageKind.Request, of first: IsolatedCall, and others: ArraySlice<IsolatedCall> = [],
        wakes: Bool = true, _ locked: inout Locked
    ) -> Bool {
        var kind = kind.rawValue
        if locked.message.count > RingMemory.largestPayload {
            let entries = [first] + others
            guard let block = TensorStorage.allocateIfPossible(byteCount: locked.message.count, pool: inputs),
                let offset = inputs.offset(of: block.base, byteCount: block.byteCount)
            else {
                for entry in entries { remove(entry, &locked) }
                return false
            }
            locked.message.withBytes { block.mutableBytes.copyMemory(from: $0) }
            for entry in entries { entry.keep(block) }
            locked.message.reset()
            locked.message.write(UInt64(offset))
            locked.message.write(UInt64(block.byteCount))
            kind |= MessageKind.isElsewhere
        }
        Self.write(kind, locked.message, &locked.requests, &locked.requestBacklog, reportTo: self)
        locked.requests.note()
        locked.isUnwoken = true
        if wakes { locked.wakeRunner() }
        return true
    }

    func remove(_ entry: IsolatedCall, _ locked: inout Locked) {
        let place = Int(entry.number.place)
        guard place < locked.calls.count, locked.calls[place] === entry else { return }
        locked.calls[place] = nil
        locked.free.append(place)
    }

    /// Into the ring if there is room, else behind what waits already.
    private static func write(
        _ kind: UInt32, _ message: MessageWriter, _ ring: inout RingWriter,
        _ backlog: inout [(kind: UInt32, bytes: [UInt8])], reportTo connection: RunnerConnection
    ) {
        var isWritten = false
        do throws(RingFault) {
            if backlog.isEmpty { isWritten = try ring.write(kind: kind, message) }
        } catch {
            connection.broke(error)
            return
        }
        if !isWritten { backlog.append((kind, message.bytes)) }
    }

    private func broke(_ fault: RingFault) {
        observer.runnerBrokeRing(self, reason: fault.description)
    }

    /// Writes what waited for room; called whenever the runner has shown that it reads.
    func flushBacklogs() {
        locked.withLockedValue { flushBacklogs(&$0) }
    }

    func flushBacklogs(_ locked: inout Locked) {
        guard !locked.isClosed else { return }
        if !locked.requestBacklog.isEmpty { flush(&locked.requestBacklog, to: &locked.requests) }
        if !locked.controlBacklog.isEmpty { flush(&locked.controlBacklog, to: &locked.control) }
    }

    private func flush(_ backlog: inout [(kind: UInt32, bytes: [UInt8])], to ring: inout RingWriter) {
        var written = 0
        do throws(RingFault) {
            for record in backlog {
                guard try ring.write(kind: record.kind, record.bytes) else { break }
                written += 1
            }
        } catch {
            broke(error)
        }
        backlog.removeFirst(written)
        if written > 0 { ring.ring() }
    }

    // MARK: Control

    /// The caller of a call has gone.
    func cancel(_ call: IsolatedCall) {
        // Nobody waits for one that is abandoned before it was waited for.
        locked.withLockedValue { $0.wakeRunner() }
        control(.cancel, call.number.raw, ring: true)
        if let time = call.overdueAt { observer.runnerOwesAnswer(self, by: time) }
    }

    /// A part was taken.
    func credit(_ call: IsolatedCall) {
        control(.credit, call.number.raw, ring: true)
    }

    func release(token: UInt64, byteCount: Int) {
        control(.release, token, ring: byteCount >= Self.largeRelease)
    }

    private func control(_ kind: MessageKind.Control, _ number: UInt64, ring: Bool) {
        locked.withLockedValue { locked in
            guard !locked.isClosed else { return }
            locked.message.reset()
            locked.message.write(number)
            Self.write(kind.rawValue, locked.message, &locked.control, &locked.controlBacklog, reportTo: self)
            if !ring { locked.quietReleases += 1 }
            if ring || locked.quietReleases >= Self.releasesTogether {
                locked.quietReleases = 0
                locked.control.ring()
            }
        }
    }

    // MARK: The end

    /// Nothing more goes to the runner or comes from it.
    ///
    /// - Returns: the calls that it still had.
    func close() -> [IsolatedCall] {
        let calls = locked.withLockedValue { locked -> [IsolatedCall] in
            guard !locked.isClosed else { return [] }
            locked.isClosed = true
            defer {
                locked.calls = []
                locked.free = []
                locked.requestBacklog = []
                locked.controlBacklog = []
            }
            return locked.calls.compactMap { $0 }
        }
        RingReader(answers).doorbell.dismissSleepers()
        return calls
    }

    /// Requests in the runner that were to be let go of by now.
    func overdueCalls(now: MonotonicTime) -> [IsolatedCall] {
        locked.withLockedValue { $0.calls.compactMap { $0 } }.filter { $0.overdueAt.map { $0 <= now } ?? false }
    }

    /// When the first of the abandoned requests will be overdue.
    var nextOverdue: MonotonicTime? {
        locked.withLockedValue { $0.calls.compactMap { $0 } }.compactMap(\.overdueAt).min()
    }
}
