/// What a request shows of who makes it, as policies need it: a function of its bytes and the revision alone, so that the
/// same bytes needn't be read again, and all requests with them may share it. Whether it holds is asked for each request.
package final class Credentials: Sendable {
    /// The one thing that counts.
    package let proof: Proof
    package let peer: Peer
    /// The name of the listener that it came in by.
    package let listener: String

    package init(_ proof: Proof, peer: Peer = .unknown, listener: String = "") {
        self.proof = proof
        self.peer = peer
        self.listener = listener
    }

    /// How a caller means to prove who it is.
    package enum Proof: Sendable {
        /// Nothing, or not where something is looked for.
        case absent
        /// Longer than any key or token: not even looked at.
        case tooLong
        case key(PresentedKey)
        case token(PresentedToken)
        /// The name in its certificate that the file knows.
        case certificate(String)
    }
}
