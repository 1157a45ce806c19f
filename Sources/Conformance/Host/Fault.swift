/// A breach of the contract that the host saw, filed under the rule that it breaks.
struct Fault: Sendable, Equatable {
    var rule: String
    var text: String
}
