/// Why a token isn't taken. What a caller is told of it, `TokenVerifier` decides.
package enum TokenFault: String, Error, Sendable, CaseIterable {
    /// No JSON in base64url with a signature, or one that says what can't be.
    case malformed
    /// Of an issuer that the file doesn't name, or of none.
    case issuer
    /// Signed in a way that the issuer's entry doesn't list.
    case algorithm
    /// By a key that isn't among the issuer's.
    case key
    case signature
    /// No `exp`, or one that is over.
    case expired
    /// `nbf` or `iat` lie ahead.
    case early
    case audience
    /// No consumer is meant.
    case consumer
    /// The issuer's keys have not been read yet.
    case unread
}
