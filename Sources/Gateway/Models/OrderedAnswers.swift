internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Scheduling
internal import Tensors

/// Lets a model's answers out in the order in which their requests came; failures are told at once.
final class OrderedAnswers: Sendable {
    private struct Answer: Sendable {
        var call: InferenceCall
        var part: InferencePart
    }

    private struct Locked: Sendable {
        var order = AnswerOrder<Answer>()
        /// Answers whose turn it is and that have not been handed over.
        var ready: [Answer] = []
        /// Whether a thread is handing them over: the next ones are its, too, or they would overtake.
        var isHandingOver = false
    }

    private let locked = NIOLockedValueBox(Locked())

    /// Takes a place for a call that comes.
    ///
    /// - Returns: the call to hand to the model in its stead; `nil` where its caller has gone.
    func line(up call: InferenceCall) -> InferenceCall? {
        let number = locked.withLockedValue { $0.order.arrive() }
        let inner = InferenceCall(envelope: call.envelope) { [self] part in
            if part.error == nil {
                handOver { $0.order.answered(number, Answer(call: call, part: part)) }
            } else {
                call.deliver(part)
                handOver { $0.order.passes(number) }
            }
            return true
        }
        // Where the caller has left, those behind don't wait for it.
        guard call.enter(Wrapped(inner)) else {
            handOver { $0.order.passes(number) }
            return nil
        }
        return inner
    }

    private func handOver(_ settle: (inout Locked) -> [Answer]) {
        var ready = locked.withLockedValue { locked -> [Answer] in
            locked.ready += settle(&locked)
            guard !locked.isHandingOver else { return [] }
            locked.isHandingOver = !locked.ready.isEmpty
            defer { locked.ready = [] }
            return locked.ready
        }
        while !ready.isEmpty {
            for answer in ready { answer.call.deliver(answer.part) }
            ready = locked.withLockedValue { locked in
                locked.isHandingOver = !locked.ready.isEmpty
                defer { locked.ready = [] }
                return locked.ready
            }
        }
    }
}

/// A call that another one is made in the stead of.
final class Wrapped: CallHolder {
    private let inner: InferenceCall

    init(_ inner: InferenceCall) {
        self.inner = inner
    }

    func abandon(_ call: InferenceCall, error: SluiceError) {
        call.deliver(.failure(error))
        inner.abandon(error)
    }
}
