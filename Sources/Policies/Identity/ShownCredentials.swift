/// What a request shows of who makes it, as it came in; nothing is read of it yet.
package struct ShownCredentials: Sendable, Equatable {
    /// The value of the header that carries keys.
    package var key: String?
    /// The value of `authorization`, where keys have another header.
    package var authorization: String?
    package var peer: Peer
    /// The name of the listener that it came in by.
    package var listener: String

    package init(key: String?, authorization: String? = nil, peer: Peer = .unknown, listener: String = "") {
        self.key = key
        self.authorization = authorization
        self.peer = peer
        self.listener = listener
    }
}
