internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Tensors

/// Several calls that go into the model as one, joined along the first axis, and whose answer is split again.
///
/// A caller who leaves, or whose deadline passes, is told at once; the others go on. When the joined call fails its
/// members are handed to `retry` one by one, where the model may be asked again.
final class JoinedCall: CallHolder {
    /// What becomes of members whose joined call failed, and of what the plugin did wrong.
    struct Handlers: Sendable {
        /// Asks the model again, for each member by itself; `nil` where it must not be asked twice.
        var retry: (@Sendable (InferenceCall) -> Void)?
        /// The plugin broke the contract: the error that the callers get.
        var breach: @Sendable (_ reason: String, _ requestID: String) -> SluiceError
    }

    private struct Locked: Sendable {
        var inner: InferenceCall?
        /// By member: whether its caller has gone.
        var isGone: [Bool]
        var isOver = false
    }

    private let members: [InferenceCall]
    /// Rows of each member.
    private let rows: [Int]
    private let rules: JoinRules
    private let handlers: Handlers
    private let locked: NIOLockedValueBox<Locked>

    private init(_ members: [InferenceCall], rules: JoinRules, handlers: Handlers) {
        self.members = members
        self.rows = members.map { $0.envelope.inputs.first?.shape.first ?? 0 }
        self.rules = rules
        self.handlers = handlers
        locked = NIOLockedValueBox(Locked(isGone: Array(repeating: false, count: members.count)))
    }

    /// Joins calls that fit together.
    ///
    /// - Returns: the call to hand to the model, whose answer goes to the members; `nil` where there is not so much
    ///   memory: the members are as they were.
    static func join(_ members: [InferenceCall], rules: JoinRules, handlers: Handlers) -> InferenceCall? {
        guard let envelope = envelope(of: members, rules: rules) else { return nil }
        let joined = JoinedCall(members, rules: rules, handlers: handlers)
        let inner = InferenceCall(envelope: envelope) { part in joined.receive(part, joined: envelope) }
        joined.locked.withLockedValue { $0.inner = inner }
        // Who has left in the meantime has been told so: its rows are computed for nobody.
        for (index, member) in members.enumerated() where !member.enter(joined) { joined.leave(index) }
        return inner
    }

    private static func envelope(of members: [InferenceCall], rules: JoinRules) -> Envelope? {
        let first = members[0].envelope
        var inputs: [Tensor] = []
        for input in first.inputs {
            let parts = members.compactMap { member in member.envelope.inputs.first { $0.name == input.name } }
            guard parts.count == members.count,
                let tensor = Tensor.joining(parts, fill: rules.fills[input.name]?.element)
            else { return nil }
            inputs.append(tensor)
        }
        // The model works on as long as anybody waits.
        var deadline: MonotonicTime? = MonotonicTime(nanoseconds: 0)
        var priority: UInt32 = 0
        for member in members {
            deadline = deadline.flatMap { latest in member.envelope.deadline.map { max(latest, $0) } }
            let own = member.envelope.priority
            if own > 0, priority == 0 || own < priority { priority = own }
        }
        return Envelope(
            id: "\(first.id)+\(members.count - 1)", deadline: deadline, parameters: rules.shared(first.parameters),
            inputs: inputs, wantedOutputs: first.wantedOutputs, priority: priority)
    }

    // MARK: Callers who leave

    func abandon(_ call: InferenceCall, error: SluiceError) {
        if let index = members.firstIndex(where: { $0 === call }) { leave(index) }
        call.deliver(.failure(error))
    }

    private func leave(_ index: Int) {
        let unwanted = locked.withLockedValue { locked -> InferenceCall? in
            locked.isGone[index] = true
            return locked.isOver || locked.isGone.contains(false) ? nil : locked.inner
        }
        unwanted?.abandon(SluiceError(.cancelled, "nobody waits for the answer any more"))
    }

    // MARK: The answer

    /// The joined call's parts; `false` tells the plugin to stop.
    private func receive(_ part: InferencePart, joined: Envelope) -> Bool {
        let wasOver = locked.withLockedValue { locked in
            defer {
                locked.isOver = true
                // It holds this one.
                locked.inner = nil
            }
            return locked.isOver
        }
        guard !wasOver else { return false }
        if let error = part.error {
            fail(error)
        } else if !part.isFinal {
            fail(handlers.breach("it answered in parts, which it never declared", joined.id))
        } else {
            split(part, joined: joined)
        }
        return part.isFinal
    }

    private func split(_ part: InferencePart, joined: Envelope) {
        let total = rows.reduce(0, +)
        for output in part.outputs where output.shape.first != total {
            let reason = "output \"\(output.name)\" is \(Shape.text(output.shape)) for \(total) rows of requests"
            return fail(handlers.breach(reason, joined.id))
        }
        let round = DeliveryRound()
        var start = 0
        for (member, count) in zip(members, rows) {
            let range = start..<(start + count)
            start += count
            // Nobody computes what nobody reads.
            guard !member.isFinished else { continue }
            member.deliver(own(part, range, of: member, joined: joined, round: round))
        }
        round.deliver()
    }

    private func own(
        _ part: InferencePart, _ range: Range<Int>, of member: InferenceCall, joined: Envelope, round: DeliveryRound
    ) -> InferencePart {
        var own = InferencePart(outputs: [], parameters: part.parameters, isFinal: true)
        own.outputs.reserveCapacity(part.outputs.count)
        for output in part.outputs {
            guard let rows = output.rows(range),
                let trimmed = rules.trimmed(rows, for: member.envelope, joined: joined)
            else { return .failure(SluiceError(.internalError, "there is no memory for the answer")) }
            own.outputs.append(trimmed)
        }
        own.companions = round
        let total = UInt64(max(rows.reduce(0, +), 1))
        own.pluginNanoseconds = part.pluginNanoseconds / total * UInt64(range.count)
        return own
    }

    private func fail(_ error: SluiceError) {
        let isOwn = error.code == .cancelled || error.code == .deadlineExceeded || error.code == .shuttingDown
        guard let retry = handlers.retry, !isOwn else {
            for member in members { member.deliver(.failure(error)) }
            return
        }
        for member in members where member.leave(self) { retry(member) }
    }
}
