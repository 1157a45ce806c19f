internal import Routing
package import Tensors

extension Inference {
    /// The request's place in its sequence, once it is decoded.
    package var place: Envelope.Sequence? { envelope?.sequence }

    /// The sequence that goes on behind this request, once that is answered; `nil` where it ended, or none was begun.
    package var openSequence: OpenSequence? {
        guard let place = envelope?.sequence, !place.isEnd, let attempts else { return nil }
        return OpenSequence(model: gate.models[attempts.current.model.index], id: place.id)
    }
}

/// A sequence that a model keeps a place for.
package struct OpenSequence: Sendable {
    fileprivate let model: ModelRuntime
    fileprivate let id: String

    /// Nothing further comes: the place is free at once, and not only after a while of silence.
    package func end() { model.endSequence(id) }
}

extension Envelope {
    /// Makes the request part of a session's sequence, which its own parameters may begin anew or end.
    ///
    /// - Throws: `invalid_parameter` where such a parameter is neither true nor false.
    mutating func join(_ sequence: Sequence) throws(SluiceError) {
        var place = sequence
        for parameter in parameters where parameter.key == "sequence_start" || parameter.key == "sequence_end" {
            guard case .bool(let value) = parameter.value else {
                throw SluiceError(
                    .invalidParameter, "parameter \"\(parameter.key)\" must be true or false",
                    detail: [.init("parameter", parameter.key)])
            }
            if parameter.key == "sequence_end" { place.isEnd = value } else if value { place.isStart = true }
        }
        parameters.removeAll { $0.key == "sequence_start" || $0.key == "sequence_end" }
        self.sequence = place
    }
}
