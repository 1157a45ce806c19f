package import Configuration

/// The other end of a connection: what is known of a caller before it has said anything.
package final class Peer: Sendable {
    /// `nil` where a connection has none, as in tests.
    package let address: NetworkAddress?
    /// What a certificate says that TLS has verified; `nil` where none was shown.
    package let certificate: CertificateNames?

    package init(address: NetworkAddress?, certificate: CertificateNames? = nil) {
        self.address = address
        self.certificate = certificate
    }

    /// Somebody of whom nothing is known.
    package static let unknown = Peer(address: nil)
}

extension Peer: Equatable {
    package static func == (left: Peer, right: Peer) -> Bool { left === right }
}
