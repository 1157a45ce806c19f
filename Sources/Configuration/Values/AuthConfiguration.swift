/// How callers prove who they are.
package struct AuthConfiguration: Sendable, Equatable {
    /// What is taken where a route doesn't say otherwise. Empty off loopback only where the file says
    /// `{ none: i-accept-open-access }`.
    package var kinds: IdentityKinds
    /// The header that carries keys, in lower case: `authorization: Bearer KEY`, or the bare key in any other header.
    package var keyHeader: String
    /// What hashes of the scheme `hmac-sha256` are made with.
    package var pepper: Secret?

    /// Where keys are unless the file says otherwise.
    package static let standardHeader = "authorization"

    package init(kinds: IdentityKinds, keyHeader: String = standardHeader, pepper: Secret? = nil) {
        self.kinds = kinds
        self.keyHeader = keyHeader
        self.pepper = pepper
    }

    /// Nobody is asked.
    package static let none = AuthConfiguration(kinds: [])

    /// A key in a header.
    package static func apiKeys(header: String) -> AuthConfiguration {
        AuthConfiguration(kinds: .apiKeys, keyHeader: header)
    }
}
