internal import Tensors

/// The sequence that a session's messages make up for a model that keeps state.
///
/// It begins with the first message that the model answers, for the model has no state before; and anew behind one that
/// ended it.
struct SessionSequence {
    private var id = RequestID.make()
    private var hasBegun = false

    /// The place of the next message.
    var next: Envelope.Sequence { Envelope.Sequence(id: id, isStart: !hasBegun, isEnd: false) }

    /// The model has answered a message.
    mutating func answered(_ place: Envelope.Sequence?) {
        hasBegun = true
        if place?.isEnd == true {
            id = RequestID.make()
            hasBegun = false
        }
    }
}
