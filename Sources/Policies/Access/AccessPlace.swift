package import Configuration

/// Where a request comes from, as rules of access ask it.
package struct AccessPlace: Sendable {
    /// The name of the listener that it came in by.
    package var listener: String
    /// `nil` where a connection has none, as in tests: no rule that names addresses holds then.
    package var address: NetworkAddress?

    package init(listener: String, address: NetworkAddress?) {
        self.listener = listener
        self.address = address
    }
}

extension Credentials {
    /// Where they were shown.
    package var place: AccessPlace { AccessPlace(listener: listener, address: peer.address) }
}
