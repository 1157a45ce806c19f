internal import Glibc
internal import NIOConcurrencyHelpers
internal import SharedMemory
internal import Tensors

extension RunnerConnection {
    /// Codes that a runner may fail a request with: those that a plugin could have caused.
    private static let possibleCodes: [String: SluiceError.Code] = Dictionary(
        uniqueKeysWithValues: [
            .modelRejectedInput, .modelFailed, .modelUnimplemented, .modelUnavailable, .modelBrokeContract, .cancelled,
            .deadlineExceeded,
        ].map { (code: SluiceError.Code) in (code.text, code) })

    struct Reading: Sendable {
        var ring: RingReader
        var payload: [UInt8] = []
    }

    /// What a record asks for. It is done once the ring is free for others to read.
    private enum Taken {
        case part(IsolatedCall, InferencePart)
        case letGo(IsolatedCall)
        case returned(IsolatedCall)
        case log(level: PluginServices.LogLevel, text: String)
        case observed(metric: UInt32, value: Double)
        case broken(requestID: String, reason: String)
        /// It is done already.
        case nothing
    }

    /// Takes what the runner writes until the connection is closed.
    func startReading() {
        HostThread.start(name: "answers") { [self] in read() }
    }

    private func read() {
        var spin = SpinBudget()
        do {
            while !isClosed {
                let state = bell.state
                if let taken = try next() {
                    try settle(taken)
                    continue
                }
                flushBacklogs()
                if spin.spin(until: { bell.state != state }) { continue }
                bell.beginSleep()
                if isEmpty && !isClosed { bell.sleep(while: state) }
                bell.endSleep()
            }
        } catch {
            observer.runnerBrokeRing(self, reason: "\(error)")
        }
    }

    private var isEmpty: Bool { reading.withLockedValue { $0.ring.isEmpty } }
    var isClosed: Bool { locked.withLockedValue { $0.isClosed } }

    /// Takes up to so many records, and does what they ask for; how many there were.
    func takeRecords(atMost limit: Int) throws -> Int {
        var count = 0
        // Looked at without the lock first: behind nearly each answer there is none.
        while count < limit, !bell.isRingEmpty, let taken = try next() {
            try settle(taken)
            count += 1
        }
        return count
    }

    private func next() throws -> Taken? {
        try reading.withLockedValue { reading in
            guard let kind = try reading.ring.read(into: &reading.payload) else { return nil }
            return try take(kind, reading.payload)
        }
    }

    private func settle(_ taken: Taken) throws {
        switch taken {
        case .part(let entry, let part):
            let isOver = try entry.received(part)
            observer.runnerAnswered(self)
            if isOver { finish(entry) }
        case .letGo(let entry): finish(entry)
        case .returned(let entry): entry.latch?.leave(entry.call)
        case .log(let level, let text): observer.runnerLogged(level: level, text: text)
        case .observed(let metric, let value): observer.runnerObserved(metric: metric, value: value)
        case .broken(let requestID, let reason):
            observer.runnerBrokeContract(self, requestID: requestID, reason: reason)
        case .nothing: break
        }
    }

    private func take(_ rawKind: UInt32, _ payload: [UInt8]) throws -> Taken {
        var reader = MessageReader(payload)
        if rawKind & MessageKind.isElsewhere != 0 {
            let offset: UInt64 = try reader.read()
            let count: UInt64 = try reader.read()
            let token: UInt64 = try reader.read()
            let bytes = try outputBytes(offset: offset, count: Int(clamping: count))
            guard bytes.count <= Self.largestMessage else {
                throw RingFault(description: "a message of \(count) bytes")
            }
            let message = Array(bytes)
            LentOutputs(self, token: token).add(byteCount: message.count)
            reader = MessageReader(message)
        }
        switch MessageKind.Answer(rawValue: rawKind & ~MessageKind.isElsewhere) {
        case .part: return try takePart(&reader)
        case .done:
            let entry = try entry(CallNumber(try reader.read()))
            try entry.done()
            return .letGo(entry)
        case .returned:
            return .returned(try entry(CallNumber(try reader.read())))
        case .log:
            let level = PluginServices.LogLevel(rawValue: try reader.read()) ?? .error
            return .log(level: level, text: try reader.readText())
        case .metric:
            // Before anybody can read what is observed of it.
            let metric: UInt32 = try reader.read()
            guard let kind = PluginServices.MetricKind(rawValue: try reader.read()) else {
                throw RingFault(description: "a metric of unknown kind")
            }
            observer.runnerRegistered(
                metric: metric, kind: kind, name: try reader.readText(), help: try reader.readText())
            return .nothing
        case .observe:
            return .observed(metric: try reader.read(), value: try reader.readDouble())
        case .violation:
            return .broken(requestID: try reader.readText(), reason: try reader.readText())
        case nil: throw RingFault(description: "a message of kind \(rawKind)")
        }
    }

    /// Messages larger than this are none.
    private static let largestMessage = 16 << 20

    private func entry(_ number: CallNumber) throws(RingFault) -> IsolatedCall {
        try entryAndDeclared(number).entry
    }

    private func entryAndDeclared(
        _ number: CallNumber
    ) throws(RingFault) -> (entry: IsolatedCall, declared: Declared?) {
        let (entry, declared) = locked.withLockedValue { locked -> (IsolatedCall?, Declared?) in
            let place = Int(number.place)
            return (place < locked.calls.count ? locked.calls[place] : nil, locked.declared)
        }
        guard let entry, entry.number == number else {
            throw RingFault(description: "an answer to a request that the runner doesn't have")
        }
        return (entry, declared)
    }

    private func finish(_ entry: IsolatedCall) {
        locked.withLockedValue { remove(entry, &$0) }
        entry.letGo()
    }

    private func takePart(_ reader: inout MessageReader) throws -> Taken {
        let (entry, declared) = try entryAndDeclared(CallNumber(try reader.read()))
        let isFinal = try reader.readBool()
        let token: UInt64 = try reader.read()
        let count = Int(try reader.read(UInt32.self))
        guard count <= 4096 else { throw RingFault(description: "\(count) outputs") }
        let lent = token == 0 ? nil : LentOutputs(self, token: token)
        var outputs: [Tensor] = []
        outputs.reserveCapacity(min(count, 16))
        for index in 0..<count {
            let message = try TensorMessage(reading: &reader, likely: declared?.outputName(at: index))
            lent?.add(byteCount: message.byteCount)
            outputs.append(try tensor(message, lent, of: entry))
        }
        let parameters = try reader.readParameters()
        let code = try reader.readBool() ? try reader.readText(atMost: 64) : nil
        let text = code == nil ? "" : try reader.readText(atMost: 4096)
        try reader.finish()

        if let code {
            guard isFinal, let code = Self.possibleCodes[code] else {
                throw RingFault(description: "a failure that no plugin can cause")
            }
            let error = SluiceError(code, text, detail: [.init("model", model)])
            return .part(entry, InferencePart(outputs: [], parameters: parameters, isFinal: isFinal, error: error))
        }
        // The runner holds answers against the declaration too; one that gets here all the same is its own fault.
        if let fault = Self.fault(in: outputs, isFinal: isFinal, of: entry.call, declared) {
            throw RingFault(description: fault)
        }
        return .part(entry, InferencePart(outputs: outputs, parameters: parameters, isFinal: isFinal))
    }

    private static func fault(
        in outputs: [Tensor], isFinal: Bool, of call: InferenceCall, _ declared: Declared?
    ) -> String? {
        if case .saveState? = call.envelope.purpose {
            let state = outputs.first
            let isState =
                outputs.count == 1 && state?.name == Envelope.Purpose.stateName && state?.dataType == .uint8
            return isState ? nil : "a state that is none"
        }
        guard let declared else { return nil }
        let mayStream = declared.description.streams || call.envelope.purpose != nil
        return declared.description.signature.fault(
            inOutputs: outputs, wanted: call.envelope.wantedOutputs, isComplete: isFinal && !mayStream)
    }

    private func outputBytes(offset: UInt64, count: Int) throws(RingFault) -> UnsafeRawBufferPointer {
        let size = runner.byteCount
        guard offset >= UInt64(ChannelLayout.outputsStart), offset <= UInt64(size), count >= 0,
            count <= size - Int(offset)
        else { throw RingFault(description: "\(count) bytes at \(offset), outside of the arena") }
        return UnsafeRawBufferPointer(start: runner.base + Int(offset), count: count)
    }

    /// An output where it lies. The runner may still write there, so what is decided by, the offsets of BYTES and the
    /// bytes that they point to, is copied before it is checked; numbers can be anything anyway.
    private func tensor(
        _ message: borrowing TensorMessage, _ lent: LentOutputs?, of entry: IsolatedCall
    ) throws -> Tensor {
        if message.offset & TensorPlace.isInInputs != 0 {
            guard let storage = entry.input(at: message.offset & ~TensorPlace.isInInputs, message) else {
                throw RingFault(description: "an output in inputs that the request doesn't have")
            }
            return try Tensor(
                name: message.name, dataType: message.dataType, shape: message.shape, storage: storage,
                byteCount: message.byteCount)
        }
        if message.dataType == .bytes {
            let offsets = try outputBytes(offset: message.offsetsOffset ?? 0, count: message.offsetsByteCount)
            let data =
                message.byteCount == 0
                ? UnsafeRawBufferPointer(start: nil, count: 0)
                : try outputBytes(offset: message.offset, count: message.byteCount)
            return try Tensor(
                name: message.name, bytesOf: message.shape, data: try Self.copy(data), offsets: try Self.copy(offsets))
        }
        guard message.byteCount > 0 else {
            return try Tensor(name: message.name, dataType: message.dataType, shape: message.shape, storage: .empty)
        }
        let bytes = try outputBytes(offset: message.offset, count: message.byteCount)
        guard let lent, message.offset % UInt64(message.dataType.byteWidth) == 0 else {
            throw RingFault(description: "an output that isn't lent, or lies askew")
        }
        return try Tensor(
            name: message.name, dataType: message.dataType, shape: message.shape,
            storage: .slice(of: bytes, keptAliveBy: lent))
    }

    private static func copy(_ bytes: UnsafeRawBufferPointer) throws(RingFault) -> TensorStorage {
        guard let copy = TensorStorage.allocateIfPossible(byteCount: bytes.count) else {
            throw RingFault(description: "an output of \(bytes.count) bytes, for which there is no memory")
        }
        if bytes.count > 0 { copy.mutableBytes.copyMemory(from: bytes) }
        return copy
    }
}
