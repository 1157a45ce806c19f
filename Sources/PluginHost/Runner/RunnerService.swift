internal import Glibc
internal import NIOConcurrencyHelpers
internal import SharedMemory
internal import Synchronization
internal import Tensors

/// Serves one model's requests from the rings: as many threads as the model takes calls at a time, and one for
/// everything that must get through while they are all busy.
final class RunnerService: Sendable {
    private let regions: RunnerProgram.Regions
    private let logLevel: PluginServices.LogLevel
    /// All inputs there are: each input is a part of it, and needs no storage of its own.
    private let inputs: TensorStorage
    let sender: AnswerSender
    private let requests: NIOLockedValueBox<RingReader>
    private let requestsBell: Doorbell
    private let control: NIOLockedValueBox<RingReader>
    private let controlBell: Doorbell

    /// A request as it is known here, and as the model knows it.
    private struct Taken: Sendable {
        let own: RunnerCall
        let call: InferenceCall
    }

    private struct Calls: Sendable {
        /// By their place, of which the gateway makes as few as it can.
        private var known: [Taken?] = []
        /// Cancelled before they were taken from their ring.
        var cancelled: Set<CallNumber> = []

        private func has(_ number: CallNumber) -> Bool {
            number.place < known.count && known[Int(number.place)]?.own.number == number
        }

        subscript(_ number: CallNumber) -> Taken? { has(number) ? known[Int(number.place)] : nil }

        mutating func add(_ taken: Taken) {
            let place = Int(taken.own.number.place)
            while known.count <= place { known.append(nil) }
            known[place] = taken
        }

        /// Forgets a call, unless another one has its place already.
        mutating func remove(_ number: CallNumber) {
            if has(number) { known[Int(number.place)] = nil }
        }
    }

    /// Of calls that were over before they were cancelled some numbers stay behind; so many are kept at most.
    private static let mostCancelled = 4096

    private let calls = NIOLockedValueBox(Calls())
    /// Processors that a reader keeps to, or was to.
    private let localReaders = NIOLockedValueBox<[Processor]>([])
    private let lastMetric = Atomic<UInt32>(0)

    init(_ regions: RunnerProgram.Regions, logLevel: PluginServices.LogLevel) {
        self.regions = regions
        self.logLevel = logLevel
        inputs = .slice(
            of: UnsafeRawBufferPointer(start: regions.inputs.base, count: regions.inputs.byteCount),
            keptAliveBy: regions.inputs)
        let requests = RingReader(ChannelLayout.requests(host: regions.host, runner: regions.runner))
        let control = RingReader(ChannelLayout.control(host: regions.host, runner: regions.runner))
        self.requestsBell = requests.doorbell
        self.controlBell = control.doorbell
        sender = AnswerSender(
            ring: ChannelLayout.answers(host: regions.host, runner: regions.runner),
            arena: SharedArena(regions.runner, from: ChannelLayout.outputsStart), inputs: regions.inputs,
            requests: requestsBell)
        self.requests = NIOLockedValueBox(requests)
        self.control = NIOLockedValueBox(control)
    }

    /// What the plugin gets of the gateway: all of it goes through the ring.
    var services: PluginServices {
        PluginServices(
            logLevel: logLevel,
            log: { [self] level, _, text in
                sender.send(.log) { writer in
                    writer.write(level.rawValue)
                    writer.write(text)
                }
            },
            metric: { [self] kind, _, name, help in
                let metric = lastMetric.add(1, ordering: .relaxed).newValue
                sender.send(.metric) { writer in
                    writer.write(metric)
                    writer.write(kind.rawValue)
                    writer.write(name)
                    writer.write(help)
                }
                return metric
            },
            observe: { [self] metric, value in
                sender.send(.observe) { writer in
                    writer.write(metric)
                    writer.write(value)
                }
            },
            violation: { [self] _, request, reason in
                sender.send(.violation) { writer in
                    writer.write(request)
                    writer.write(reason)
                }
            })
    }

    /// Begins to take requests.
    func start(_ model: InProcessModel) {
        let description = model.description
        // A quick model answers in microseconds: more threads than processors would only be in each other's way.
        let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) / 2)
        let count = description.isQuick ? min(4, processors) : min(description.maximumConcurrency, 1024)
        for index in 0..<count {
            HostThread.start(name: "work-\(index)") { [self] in work(model) }
        }
        HostThread.start(name: "control") { [self] in obey() }
    }

    // MARK: Requests

    private func work(_ model: InProcessModel, as sleeper: Doorbell.Sleeper = .reader) {
        var payload: [UInt8] = []
        var spin = SpinBudget()
        while true {
            let state = requestsBell.state
            // Looked at without the lock first: after nearly each request there is none behind it.
            if !requestsBell.isRingEmpty, let kind = next(from: requests, into: &payload) {
                do throws(MessageReader.Malformed) {
                    try take(kind, payload, for: model)
                } catch {
                    // Both are of one source: a request that can't be read means that memory is corrupted.
                    _exit(70)
                }
                continue
            }
            // One that keeps to its caller's processor would keep the caller from running.
            if sleeper == .reader {
                addReader(for: model)
                if spin.spin(until: { requestsBell.state != state }) { continue }
            }
            requestsBell.beginSleep(as: sleeper)
            if requestsBell.isRingEmpty { requestsBell.sleep(while: state, as: sleeper) }
            requestsBell.endSleep(as: sleeper)
        }
    }

    /// Begins to read on the processor that a reader is asked for, if none does yet.
    private func addReader(for model: InProcessModel) {
        guard model.description.isQuick, let processor = requestsBell.wantedReader else { return }
        let index = localReaders.withLockedValue { known -> Int? in
            guard known.count < LocalReader.most, !known.contains(processor) else { return nil }
            known.append(processor)
            return known.count - 1
        }
        guard let index else { return }
        // Where the system won't have it, the other readers are all there are.
        HostThread.tryToStart(name: "work-on-\(processor.number)") { [self] in
            guard processor.keepThread() else { return }
            let reader = LocalReader(index: index)
            requestsBell.say(reader, keepsTo: processor)
            work(model, as: .local(reader))
        }
    }

    private func next(from ring: NIOLockedValueBox<RingReader>, into payload: inout [UInt8]) -> UInt32? {
        do {
            return try ring.withLockedValue { ring throws(RingFault) in try ring.read(into: &payload) }
        } catch {
            _exit(70)
        }
    }

    private func take(
        _ kind: UInt32, _ payload: [UInt8], for model: InProcessModel
    ) throws(MessageReader.Malformed) {
        var reader = MessageReader(try whole(kind, payload))
        switch MessageKind.Request(rawValue: kind & ~MessageKind.isElsewhere) {
        case .infer: perform(try call(reading: &reader, model), by: model)
        case .inferList:
            let count = try reader.readCount(atMost: .max)
            var taken: [Taken] = []
            for _ in 0..<count { taken.append(try call(reading: &reader, model)) }
            if taken.count == 1 { return perform(taken[0], by: model) }
            model.infer(taken.map(\.call))
            for one in taken { hasReturned(one) }
        case .perform: perform(try call(reading: &reader, model, hasPurpose: true), by: model)
        case nil: throw MessageReader.Malformed("a request of kind \(kind)")
        }
    }

    private func perform(_ taken: Taken, by model: InProcessModel) {
        model.perform(taken.call)
        hasReturned(taken)
    }

    /// The plugin's function has returned: the gateway waits for that where the answer is still to come.
    private func hasReturned(_ taken: Taken) {
        if taken.call.isFinished || taken.own.isCancelled { return }
        sender.send(.returned) { $0.write(taken.own.number.raw) }
    }

    /// The message that a record carries, or points to.
    private func whole(_ kind: UInt32, _ payload: [UInt8]) throws(MessageReader.Malformed) -> [UInt8] {
        guard kind & MessageKind.isElsewhere != 0 else { return payload }
        var reader = MessageReader(payload)
        let offset: UInt64 = try reader.read()
        let count: UInt64 = try reader.read()
        return Array(try inputBytes(offset: offset, count: Int(clamping: count)))
    }

    private func inputBytes(offset: UInt64, count: Int) throws(MessageReader.Malformed) -> UnsafeRawBufferPointer {
        let size = regions.inputs.byteCount
        guard offset <= UInt64(size), count <= size - Int(offset) else {
            throw MessageReader.Malformed("bytes outside of the arena")
        }
        return UnsafeRawBufferPointer(start: regions.inputs.base + Int(offset), count: count)
    }

    private func call(
        reading reader: inout MessageReader, _ model: InProcessModel, hasPurpose: Bool = false
    ) throws(MessageReader.Malformed) -> Taken {
        let number = CallNumber(try reader.read())
        let envelope = try reader.readEnvelope(of: model.description.signature, hasPurpose: hasPurpose) {
            message throws(MessageReader.Malformed) in try tensor(message)
        }
        let own = RunnerCall(
            number: number, service: self, deadline: envelope.deadline, streams: model.description.streams)
        // Each holds one object and nothing else: such a function needs no block of its own for what it holds.
        let call = InferenceCall(
            envelope: consume envelope, afterwards: { own.service.letGo(own) },
            receive: { part in own.service.deliver(part, of: own) })
        let taken = Taken(own: own, call: call)
        let isCancelled = calls.withLockedValue { calls -> Bool in
            calls.add(taken)
            return !calls.cancelled.isEmpty && calls.cancelled.remove(number) != nil
        }
        if isCancelled { cancel(taken) }
        return taken
    }

    /// The model has let go of a call.
    private func letGo(_ call: RunnerCall) {
        calls.withLockedValue { $0.remove(call.number) }
        // A call that was answered is over with its answer; of one that was cancelled the gateway waits for this.
        if !call.hasSentFinal { sender.send(.done) { $0.write(call.number.raw) } }
    }

    private func tensor(_ message: borrowing TensorMessage) throws(MessageReader.Malformed) -> Tensor {
        let bytes = try inputBytes(offset: message.offset, count: message.byteCount)
        do {
            guard let offsetsOffset = message.offsetsOffset else {
                return try Tensor(
                    name: message.name, dataType: message.dataType, shape: message.shape, storage: inputs,
                    byteOffset: Int(message.offset), byteCount: message.byteCount)
            }
            let data = TensorStorage.slice(of: bytes, keptAliveBy: regions.inputs)
            let offsets = try inputBytes(offset: offsetsOffset, count: message.offsetsByteCount)
            return try Tensor(
                name: message.name, bytesOf: message.shape, data: data,
                offsets: .slice(of: offsets, keptAliveBy: regions.inputs))
        } catch let error as SluiceError {
            throw MessageReader.Malformed(error.message)
        } catch let error as MessageReader.Malformed {
            throw error
        } catch {
            throw MessageReader.Malformed("\(error)")
        }
    }

    private func deliver(_ part: borrowing InferencePart, of call: RunnerCall) -> Bool {
        guard part.isFinal else {
            guard call.waitForCredit() else { return false }
            return sender.send(part, of: call.number) || fail(call)
        }
        guard call.beginFinal() else { return false }
        if !sender.send(part, of: call.number) {
            let error = SluiceError(.modelUnavailable, "there is no room in shared memory for the outputs")
            _ = sender.send(.failure(error), of: call.number)
        }
        return true
    }

    /// Ends a stream whose part found no room.
    private func fail(_ call: RunnerCall) -> Bool {
        if call.beginFinal() {
            let error = SluiceError(.modelUnavailable, "there is no room in shared memory for the outputs")
            _ = sender.send(.failure(error), of: call.number)
        }
        return false
    }

    // MARK: Control

    private func obey() {
        var payload: [UInt8] = []
        while true {
            let state = controlBell.state
            guard let kind = next(from: control, into: &payload) else {
                controlBell.beginSleep()
                if control.withLockedValue({ $0.isEmpty }) { controlBell.sleep(while: state) }
                controlBell.endSleep()
                continue
            }
            var reader = MessageReader(payload)
            guard let control = MessageKind.Control(rawValue: kind), let number = try? reader.read(UInt64.self) else {
                _exit(70)
            }
            switch control {
            case .release: sender.takeBack(token: number)
            case .credit: calls.withLockedValue { $0[CallNumber(number)] }?.own.credit()
            case .cancel:
                let known = calls.withLockedValue { calls in
                    let known = calls[CallNumber(number)]
                    if known == nil {
                        if calls.cancelled.count >= Self.mostCancelled { calls.cancelled = [] }
                        calls.cancelled.insert(CallNumber(number))
                    }
                    return known
                }
                if let known { cancel(known) }
            }
        }
    }

    private func cancel(_ taken: Taken) {
        taken.own.cancel()
        taken.call.abandon(SluiceError(.cancelled, "the caller has gone"))
    }
}
