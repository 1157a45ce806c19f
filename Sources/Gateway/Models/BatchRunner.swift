internal import PluginHost
internal import Scheduling
internal import Tensors

/// Carries out what a model's scheduler has started, on the model's threads.
struct BatchRunner: Sendable {
    typealias Queue = ModelScheduler<InferenceCall>

    let instances: [any ModelInstance]
    let description: ModelDescription
    /// How requests are joined; `nil` where the model isn't one whose requests the host joins.
    let rules: JoinRules?
    let facts: CallFacts
    let errors: QueueErrors
    let meter: ModelMeter
    /// Counts, logs and words what a plugin did against the contract.
    let breach: @Sendable (_ reason: String, _ requestID: String) -> SluiceError

    func run(_ work: Queue.Work, _ queue: Queue) {
        meter.started(work.batch)
        if description.keepsSequences { watch(work, queue) }
        let instance = instances[work.batch.instance]
        if work.jobs.count == 1 {
            let call = work.jobs[0]
            call.begin()
            if call.envelope.purpose == nil { instance.infer(call) } else { instance.perform(call) }
        } else if let rules {
            for calls in groups(of: work.jobs, rules) { run(calls, on: instance, rules, queue) }
        } else {
            for call in work.jobs { call.begin(sharedBy: work.jobs.count) }
            instance.infer(work.jobs)
        }
    }

    private func run(_ calls: [InferenceCall], on instance: any ModelInstance, _ rules: JoinRules, _ queue: Queue) {
        let wanted = calls.filter { !$0.isFinished }
        guard wanted.count > 1 else {
            for call in wanted { infer(call, on: instance) }
            return
        }
        var handlers = JoinedCall.Handlers(retry: nil, breach: breach)
        if description.allowsRetry { handlers.retry = { call in self.retry(call, queue) } }
        if let joined = JoinedCall.join(wanted, rules: rules, handlers: handlers) {
            infer(joined, on: instance)
        } else {
            for call in wanted { infer(call, on: instance) }
        }
    }

    private func infer(_ call: InferenceCall, on instance: any ModelInstance) {
        call.begin()
        instance.infer(call)
    }

    /// The calls in groups that really fit together: one group, but for a clash of kinds.
    private func groups(of calls: [InferenceCall], _ rules: JoinRules) -> [[InferenceCall]] {
        var groups: [[InferenceCall]] = []
        for call in calls {
            if let index = groups.firstIndex(where: { rules.fit($0[0].envelope, call.envelope) }) {
                groups[index].append(call)
            } else {
                groups.append([call])
            }
        }
        return groups
    }

    /// A call whose joined one failed is made once more, by itself.
    private func retry(_ call: InferenceCall, _ queue: Queue) {
        meter.retried()
        switch queue.comeBack(call, facts(of: call.envelope, consumer: 0)) {
        case .admitted(let ticket): if !call.wait(in: CallPlace(queue), ticket: ticket.number) { queue.cancel(ticket) }
        case .refused(let refusal): call.abandon(errors.error(for: refusal, sequence: nil))
        }
    }

    /// Tells the scheduler when the model has let go of requests of sequences, so that the next ones may go.
    private func watch(_ work: Queue.Work, _ queue: Queue) {
        for (call, ticket) in zip(work.jobs, work.batch.tickets) where call.envelope.sequence != nil {
            call.afterwards { queue.letGo(ticket) }
        }
    }
}

/// Where a model's calls wait, as they know it.
final class CallPlace: CallQueue {
    private let scheduler: ModelScheduler<InferenceCall>

    init(_ scheduler: ModelScheduler<InferenceCall>) {
        self.scheduler = scheduler
    }

    func remove(ticket: UInt64) { scheduler.cancel(Ticket(number: ticket)) }
}
