internal import PluginHost
internal import Scheduling
internal import Tensors

/// What a model's scheduler needs to know of a request.
struct CallFacts: Sendable {
    let batching: ModelSignature.Batching
    let keepsSequences: Bool
    let rules: JoinRules?

    func callAsFunction(of envelope: Envelope, consumer: Int) -> RequestFacts {
        var facts = RequestFacts()
        if batching != .none {
            facts.rows = max(1, envelope.inputs.first?.shape.first ?? 1)
            facts.bytes = envelope.inputs.reduce(0) { $0 + $1.byteCount }
        }
        facts.priority = envelope.priority
        facts.consumer = consumer
        facts.deadline = envelope.deadline
        if keepsSequences, let sequence = envelope.sequence {
            facts.sequence = RequestFacts.SequenceStep(
                id: sequence.id, isStart: sequence.isStart, isEnd: sequence.isEnd)
        }
        facts.kind = batching == .list ? 0 : rules?.kind(of: envelope)
        if envelope.purpose != nil {
            // Nothing that an answer shares with others: it goes alone, however many rows it has.
            (facts.kind, facts.rows) = (nil, 1)
        }
        return facts
    }
}
