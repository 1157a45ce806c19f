internal import PluginHost
internal import Scheduling
internal import Tensors

/// The calls of one model on their way to its threads: joined where the model allows, each answered exactly once.
final class ModelQueue: Sendable {
    private let facts: CallFacts
    private let errors: QueueErrors
    private let meter: ModelMeter
    private let scheduler: ModelScheduler<InferenceCall>
    private let place: CallPlace

    init(name: String, policy: SchedulerPolicy, runner: BatchRunner) {
        facts = runner.facts
        errors = runner.errors
        meter = runner.meter
        let (errors, meter) = (errors, meter)
        scheduler = ModelScheduler(
            name: name, policy: policy, isReady: { runner.instances[$0].isReady },
            run: { scheduler, work in runner.run(work, scheduler) },
            dismiss: { call, reason in
                if reason == .expired { meter.expired() }
                call.abandon(errors.error(for: reason))
            })
        place = CallPlace(scheduler)
    }

    /// Calls that wait.
    var depth: Int { scheduler.depth }
    /// Calls beside each other that the model bears now.
    var callsAtOnce: Int { scheduler.currentLimit }

    /// Takes a call; it gets its final part in any case.
    ///
    /// - Parameter consumer: a number for whose call it is.
    func submit(_ call: InferenceCall, consumer: Int) {
        switch scheduler.submit(call, facts(of: call.envelope, consumer: consumer)) {
        case .admitted(let ticket):
            // Whoever left in the meantime didn't know yet where the call waits.
            if !call.wait(in: place, ticket: ticket.number) { scheduler.cancel(ticket) }
        case .refused(let refusal):
            if refusal == .expired { meter.expired() }
            call.abandon(errors.error(for: refusal, sequence: call.envelope.sequence?.id))
            call.letGo()
        }
    }

    /// Whoever sent the calls of a sequence has gone.
    func endSequence(_ id: String) { scheduler.endSequence(id) }

    /// Refuses what waits and ends the threads once they have nothing to do.
    func shutDown() {
        for call in scheduler.shutDown() {
            call.abandon(SluiceError(.shuttingDown, "the gateway is shutting down"))
        }
    }
}
