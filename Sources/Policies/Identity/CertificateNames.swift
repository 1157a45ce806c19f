/// The names that a verified certificate bears, each with its kind: `dns:`, `uri:`, `email:` or `cn:`.
///
/// A type of its own, which nothing that comes in a header can become.
package struct CertificateNames: Sendable, Equatable {
    package let names: [String]

    /// `nil` where there are none.
    package init?(_ names: [String]) {
        if names.isEmpty { return nil }
        self.names = names
    }
}
