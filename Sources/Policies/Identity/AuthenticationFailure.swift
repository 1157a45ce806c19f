/// Somebody showed something that doesn't prove who they are.
package struct AuthenticationFailure: Sendable {
    /// What was shown: `key`, `token` or `certificate`.
    package var credentials: String
    /// What the caller was told.
    package var reason: String
    package var place: AccessPlace
    /// Whether an administrator was wanted.
    package var isAdministrator: Bool
}

extension Credentials.Proof {
    /// What it is, for people; `nil` for nothing.
    var kind: String? {
        switch self {
        case .absent: nil
        case .tooLong, .key: "key"
        case .token: "token"
        case .certificate: "certificate"
        }
    }
}
