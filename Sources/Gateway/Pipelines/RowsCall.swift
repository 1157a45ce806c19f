internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Tensors

/// A step's call whose rows go to the model a few at a time, in several calls beside each other, and whose answers become
/// one again.
final class RowsCall: CallHolder {
    fileprivate struct Locked: Sendable {
        /// Calls that were made, and that are under way.
        var begun = 0
        var underWay = 0
        /// Somebody makes calls at the moment. Whoever answers one meanwhile leaves the next to that.
        var isAsking = false
        var calls: [InferenceCall?]
        var parts: [InferencePart?]
        var isOver = false
    }

    private let call: InferenceCall
    private let ranges: [Range<Int>]
    private let atOnce: Int
    private let start: @Sendable (InferenceCall) -> Void
    private let locked: NIOLockedValueBox<Locked>

    private init(
        _ call: InferenceCall, ranges: [Range<Int>], atOnce: Int, start: @escaping @Sendable (InferenceCall) -> Void
    ) {
        self.call = call
        self.ranges = ranges
        self.atOnce = max(atOnce, 1)
        self.start = start
        let count = ranges.count
        locked = NIOLockedValueBox(
            Locked(calls: Array(repeating: nil, count: count), parts: Array(repeating: nil, count: count)))
    }

    /// Takes a call; it gets its final part in any case.
    ///
    /// - Parameters:
    ///   - rows: of one call to the model, at most.
    ///   - atOnce: calls to the model beside each other, at most.
    ///   - start: hands a call to the model.
    static func begin(
        _ call: InferenceCall, rows: Int, atOnce: Int, start: @escaping @Sendable (InferenceCall) -> Void
    ) {
        let all = call.envelope.inputs.first?.shape.first ?? 0
        guard all > rows, call.envelope.inputs.allSatisfy({ $0.shape.first == all }) else { return start(call) }
        let ranges = stride(from: 0, to: all, by: rows).map { $0..<min($0 + rows, all) }
        let whole = RowsCall(call, ranges: ranges, atOnce: atOnce, start: start)
        guard call.enter(whole) else { return call.letGo() }
        whole.ask()
    }

    // MARK: The model is asked

    /// Makes calls as long as there may be one more.
    private func ask() {
        let isFirst = locked.withLockedValue { locked in
            defer { locked.isAsking = true }
            return !locked.isAsking
        }
        guard isFirst else { return }
        while let index = next() {
            // A model that answers at once, right here, leaves the next call to this loop.
            start(made(index))
        }
    }

    /// The number of the next call to be made; `nil` where there is none for now.
    private func next() -> Int? {
        locked.withLockedValue { locked in
            guard !locked.isOver, locked.begun < ranges.count, locked.underWay < atOnce else {
                locked.isAsking = false
                return nil
            }
            locked.underWay += 1
            locked.begun += 1
            return locked.begun - 1
        }
    }

    private func made(_ index: Int) -> InferenceCall {
        let whole = call.envelope
        let envelope = Envelope(
            id: "\(whole.id).\(index + 1)", deadline: whole.deadline, parameters: whole.parameters,
            inputs: whole.inputs.compactMap { $0.rows(ranges[index]) }, wantedOutputs: whole.wantedOutputs,
            priority: whole.priority)
        let made = InferenceCall(envelope: envelope) { [self] part in receive(part, of: index) }
        let isWanted = locked.withLockedValue { locked in
            if !locked.isOver { locked.calls[index] = made }
            return !locked.isOver
        }
        // Whoever waited left while this was made ready.
        if !isWanted { made.abandon(Self.unwanted) }
        return made
    }

    // MARK: The model answers

    private func receive(_ part: InferencePart, of index: Int) -> Bool {
        // Models that answer in parts aren't asked like this.
        guard part.isFinal else { return false }
        let (isWanted, isWhole, others) = locked.withLockedValue { locked -> (Bool, Bool, [InferenceCall]) in
            locked.calls[index] = nil
            locked.underWay -= 1
            guard !locked.isOver else { return (false, false, []) }
            guard part.error == nil else { return (true, false, locked.end()) }
            locked.parts[index] = part
            let isWhole = !locked.parts.contains { $0 == nil }
            if isWhole { locked.isOver = true }
            return (true, isWhole, [])
        }
        guard isWanted else { return true }
        if let error = part.error {
            finish(.failure(error))
            for other in others { other.abandon(Self.unwanted) }
        } else if isWhole {
            finish(joined(companions: part.companions))
        } else {
            ask()
        }
        return true
    }

    private func joined(companions: (any AnyObject & Sendable)?) -> InferencePart {
        let parts = locked.withLockedValue { locked in
            defer { locked.parts = [] }
            return locked.parts.compactMap(\.self)
        }
        var whole = InferencePart(outputs: [], parameters: parts.last?.parameters ?? [], isFinal: true)
        for first in parts[0].outputs {
            let rows = parts.compactMap { part in part.outputs.first { $0.name == first.name } }
            for (tensor, range) in zip(rows, ranges) where tensor.shape.first != range.count {
                return .failure(mismatch("\"\(first.name)\" is \(Shape.text(tensor.shape)) for \(range.count) rows"))
            }
            guard rows.allSatisfy({ $0.shape.dropFirst() == first.shape.dropFirst() }) else {
                return .failure(mismatch("\"\(first.name)\" has rows of several shapes"))
            }
            guard rows.count == parts.count, let tensor = Tensor.joining(rows) else {
                return .failure(SluiceError(.internalError, "there is no memory for the answer"))
            }
            whole.outputs.append(tensor)
        }
        whole.pluginNanoseconds = parts.reduce(0) { $0 + $1.pluginNanoseconds }
        // A hit is what nobody worked for.
        whole.cache = parts.contains { $0.cache != .hit } ? parts.first { $0.cache != .hit }?.cache : .hit
        whole.companions = companions
        return whole
    }

    private func mismatch(_ what: String) -> SluiceError {
        SluiceError(.modelFailed, "its answers to some rows at a time can't be joined: \(what)")
    }

    // MARK: The end

    private static let unwanted = SluiceError(.cancelled, "nobody waits for the answer any more")

    /// Whoever waited has gone, or has no more time.
    func abandon(_ call: InferenceCall, error: SluiceError) {
        let (wasOver, others) = locked.withLockedValue { locked in
            (locked.isOver, locked.end())
        }
        guard !wasOver else { return }
        finish(.failure(error))
        for other in others { other.abandon(error) }
    }

    private func finish(_ part: consuming InferencePart) {
        call.deliver(part)
        call.letGo()
    }
}

extension RowsCall.Locked {
    /// No more calls are made; those that are under way.
    fileprivate mutating func end() -> [InferenceCall] {
        isOver = true
        parts = []
        return calls.compactMap(\.self)
    }
}
