internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Routing
internal import Scheduling
internal import Tensors

/// One request on its way through the steps of a pipeline.
///
/// `StepOrder` says what comes next; this asks the steps' models and keeps what they make until the next ones have it.
/// Tensors are handed on as they are: nobody copies what they hold.
final class PipelineRun: CallHolder {
    /// A step that has been asked.
    fileprivate struct Asked: Sendable {
        var call: InferenceCall
        var since: MonotonicTime
        var rows: Int
        var rules: StepRules?
        /// What the model's breaker let through.
        var pass: CircuitBreaker.Pass?
        /// Whether it has less time than its model gives it.
        var isCutShort: Bool
        /// Ends it at the model's own timeout, where that comes first.
        var alarm: StepAlarm?
    }

    fileprivate struct Locked: Sendable {
        var order: StepOrder
        /// By the pipeline's places.
        var tensors: [Tensor?]
        var asked: [Asked?]
        var parameters: [Envelope.Parameter] = []
        var pluginNanoseconds: UInt64 = 0
        var hasStreamed = false
    }

    private let call: InferenceCall
    private let name: String
    private let plan: PipelinePlan
    private let consumer: Int
    private let ended: @Sendable () -> Void
    private let locked: NIOLockedValueBox<Locked>

    private init(
        _ call: InferenceCall, of name: String, plan: PipelinePlan, consumer: Int,
        ended: @escaping @Sendable () -> Void
    ) {
        self.call = call
        self.name = name
        self.plan = plan
        self.consumer = consumer
        self.ended = ended
        var tensors = [Tensor?](repeating: nil, count: plan.tensorCount)
        for input in plan.inputs { tensors[input.place] = call.envelope.inputs.first { $0.name == input.name } }
        let order = StepOrder(followers: plan.followers, wanted: plan.wanted(for: call.envelope.wantedOutputs))
        locked = NIOLockedValueBox(
            Locked(order: order, tensors: tensors, asked: Array(repeating: nil, count: plan.steps.count)))
    }

    /// Takes a call; it gets its final part in any case.
    ///
    /// - Parameter ended: carried out once, when the call has got it.
    static func begin(
        _ call: InferenceCall, of name: String, plan: PipelinePlan, consumer: Int,
        ended: @escaping @Sendable () -> Void
    ) {
        let run = PipelineRun(call, of: name, plan: plan, consumer: consumer, ended: ended)
        guard call.enter(run) else {
            ended()
            return call.letGo()
        }
        for step in run.locked.withLockedValue({ $0.order.begin() }).ask { run.ask(step) }
    }

    // MARK: A step's model is asked

    private func ask(_ index: Int) {
        let step = plan.steps[index]
        let inputs = locked.withLockedValue { locked in
            step.inputs.compactMap { port -> Tensor? in
                var tensor = locked.tensors[port.place]
                tensor?.name = port.spec.name
                return tensor
            }
        }
        if let made = step.outputs(withoutRows: inputs) {
            return take(InferencePart(outputs: made, isFinal: true), of: index)
        }
        let rules = step.model.stepRules
        let now = MonotonicTime.now
        // The model's own timeout, where it comes before the whole request's.
        let moment = rules?.timeoutNanoseconds.map { now.advanced(byNanoseconds: $0) }
        let own = call.envelope.deadline.map { whole in moment.flatMap { $0 < whole ? $0 : nil } } ?? moment
        let inner = call(into: step, number: index + 1, inputs, deadline: own ?? call.envelope.deadline)
        var asked = Asked(
            call: inner, since: now, rows: inputs.first?.shape.first ?? 1, rules: rules, isCutShort: own == nil)
        do throws(SluiceError) {
            try Self.check(inputs, of: step, rules)
            do throws(OpenBreaker) {
                asked.pass = try rules?.breaker?.admit(now: now)
            } catch {
                throw error.error
            }
        } catch {
            return fail(index, error)
        }
        if let own {
            let alarm = StepAlarm(inner, model: step.model.name)
            asked.alarm = alarm
            alarm.set(own)
        }
        let isWanted = locked.withLockedValue { locked in
            guard locked.order.isUnderWay(index) else { return false }
            locked.asked[index] = asked
            return true
        }
        // Whoever waited left while this was made ready.
        guard isWanted else {
            if let pass = asked.pass { rules?.breaker?.ended(pass, .neither, now: now) }
            return
        }
        guard let rows = step.rows else { return step.model.start(inner, consumer: consumer) }
        RowsCall.begin(inner, rows: rows, atOnce: step.model.callsAtOnce) { [model = step.model, consumer] call in
            model.start(call, consumer: consumer)
        }
    }

    private func call(
        into step: PipelinePlan.Step, number: Int, _ inputs: [Tensor], deadline: MonotonicTime?
    ) -> InferenceCall {
        let whole = call.envelope
        let envelope = Envelope(
            id: "\(whole.id).\(number)", deadline: deadline, parameters: whole.parameters, inputs: inputs,
            wantedOutputs: step.wanted, sequence: step.keepsSequences ? whole.sequence : nil, priority: whole.priority)
        return InferenceCall(envelope: envelope) { [self] part in receive(part, of: number - 1) }
    }

    /// What comes of a step must be what the next one takes: where its models left sizes open, that shows only now.
    private static func check(
        _ inputs: [Tensor], of step: PipelinePlan.Step, _ rules: StepRules?
    ) throws(SluiceError) {
        do throws(SluiceError) {
            try step.signature.validate(inputs)
            for bounds in rules?.bounds ?? [] {
                if let input = inputs.first(where: { $0.name == bounds.input }) { try bounds.check(input) }
            }
        } catch {
            var error = error
            error.code = .modelRejectedInput
            throw error
        }
    }

    // MARK: A step's model answers

    /// One part of what a step makes; `false` tells its plugin that nobody wants it.
    private func receive(_ part: InferencePart, of index: Int) -> Bool {
        guard part.isFinal else { return passOn(part, of: index) }
        let asked = locked.withLockedValue { locked in
            defer { locked.asked[index] = nil }
            return locked.asked[index]
        }
        if let asked { account(asked, part) }
        if let error = part.error { fail(index, error) } else { take(part, of: index) }
        return true
    }

    private func account(_ asked: Asked, _ part: InferencePart) {
        let now = MonotonicTime.now
        let code = part.error?.code
        if let pass = asked.pass {
            let outcome = part.cache == .hit ? .neither : CircuitBreaker.Outcome(code, isCutShort: asked.isCutShort)
            asked.rules?.breaker?.ended(pass, outcome, now: now)
        }
        asked.rules?.ended(rows: asked.rows, code: code, nanoseconds: now.nanoseconds(since: asked.since))
    }

    /// A step has made what it makes: the next ones are asked, or that was all.
    private func take(_ part: InferencePart, of index: Int) {
        let (actions, answer) = locked.withLockedValue { locked -> (StepOrder.Actions, InferencePart?) in
            guard locked.order.isUnderWay(index) else { return (.init(), nil) }
            for port in plan.steps[index].outputs {
                guard var tensor = part.outputs.first(where: { $0.name == port.spec.name }) else { continue }
                tensor.name = port.name
                locked.tensors[port.place] = tensor
            }
            locked.note(part)
            let actions = locked.order.made(index)
            return (actions, actions.answers ? self.answer(&locked) : nil)
        }
        if var answer {
            // It goes out where that step's own answer would: with those that came of the same call.
            answer.companions = part.companions
            finish(answer)
        }
        for step in actions.ask { ask(step) }
    }

    private func answer(_ locked: inout Locked) -> InferencePart {
        var whole = InferencePart(outputs: [], parameters: locked.parameters, isFinal: true)
        whole.pluginNanoseconds = locked.pluginNanoseconds
        for output in plan.outputs where isWanted(output) {
            // What went out with the first part doesn't go out with the last.
            if locked.hasStreamed, !isStreamed(output) { continue }
            if let tensor = locked.tensors[output.place] { whole.outputs.append(tensor) }
        }
        locked.tensors = []
        return whole
    }

    private func isWanted(_ output: PipelinePlan.Port) -> Bool {
        call.envelope.wantedOutputs.isEmpty || call.envelope.wantedOutputs.contains(output.name)
    }

    /// Whether it comes of the step that may answer in parts.
    private func isStreamed(_ output: PipelinePlan.Port) -> Bool {
        plan.steps.contains { step in step.streams && step.outputs.contains { $0.place == output.place } }
    }

    /// The step that answers in parts comes last, so its parts are the pipeline's.
    private func passOn(_ part: InferencePart, of index: Int) -> Bool {
        let whole = locked.withLockedValue { locked -> InferencePart? in
            guard locked.order.isUnderWay(index) else { return nil }
            var whole = InferencePart(outputs: [], parameters: part.parameters, isFinal: false)
            for output in plan.outputs where isWanted(output) {
                if isStreamed(output) {
                    guard let port = plan.steps[index].outputs.first(where: { $0.place == output.place }),
                        var tensor = part.outputs.first(where: { $0.name == port.spec.name })
                    else { continue }
                    tensor.name = output.name
                    whole.outputs.append(tensor)
                } else if !locked.hasStreamed, let tensor = locked.tensors[output.place] {
                    whole.outputs.append(tensor)
                }
            }
            locked.hasStreamed = true
            return whole
        }
        // Outside of the lock: it may block until the client has read.
        return whole.map { call.deliver($0) } ?? false
    }

    // MARK: The end

    private func fail(_ index: Int, _ error: SluiceError) {
        let (actions, calls) = locked.withLockedValue { locked in
            let actions = locked.order.failed(index)
            return (actions, locked.calls(of: actions.abandon))
        }
        guard actions.fails else { return }
        finish(.failure(error.inStep(index + 1, model: plan.steps[index].model.name, of: name)))
        for call in calls { call.abandon(SluiceError(.cancelled, "another step of \"\(name)\" failed")) }
    }

    /// Whoever waited has gone, or has no more time.
    func abandon(_ call: InferenceCall, error: SluiceError) {
        let (actions, calls) = locked.withLockedValue { locked in
            let actions = locked.order.giveUp()
            return (actions, locked.calls(of: actions.abandon))
        }
        guard actions.fails else { return }
        let places = actions.abandon.map { "step \($0 + 1) (\"\(plan.steps[$0].model.name)\")" }
        finish(.failure(error.whileAt(places)))
        for call in calls { call.abandon(error) }
    }

    private func finish(_ part: consuming InferencePart) {
        ended()
        call.deliver(part)
        call.letGo()
    }
}

extension PipelineRun.Locked {
    /// What is told of the whole along with its outputs: the last that says something is right.
    fileprivate mutating func note(_ part: InferencePart) {
        pluginNanoseconds += part.pluginNanoseconds
        for parameter in part.parameters {
            parameters.removeAll { $0.key == parameter.key }
            parameters.append(parameter)
        }
    }

    fileprivate func calls(of steps: [Int]) -> [InferenceCall] { steps.compactMap { asked[$0]?.call } }
}

/// Ends a step's call at its model's own timeout.
final class StepAlarm: Alarmed {
    private let call: InferenceCall
    private let model: String

    init(_ call: InferenceCall, model: String) {
        self.call = call
        self.model = model
    }

    func set(_ moment: MonotonicTime) { AlarmClock.shared.ring(self, at: moment) }

    func rang() {
        call.abandon(
            SluiceError(
                .deadlineExceeded, "model \"\(model)\" did not answer in time", detail: [.init("model", model)]))
    }
}
