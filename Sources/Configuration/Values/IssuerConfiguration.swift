/// Whoever makes tokens (JWT) that this gateway takes.
package struct IssuerConfiguration: Sendable, Equatable {
    /// Where the keys are that the issuer signs with.
    package enum Keys: Sendable, Equatable {
        /// A JSON Web Key Set that is fetched; `authority` is a file of roots in PEM, `nil` for the system's.
        case url(HTTPAddress, authority: String?)
        /// A JSON Web Key Set in a file; an absolute path.
        case file(String)
        /// One key that both sides have.
        case secret(Secret)
    }

    /// Whose requests those with the issuer's tokens are.
    package struct Owner: Sendable, Equatable {
        /// The claim that says it; `nil` where every token is the same consumer's.
        package var claim: String?
        /// Consumers by the claim's value; empty where the value is the consumer's name.
        package var names: [String: String]
        /// The consumer of all other tokens; `nil` where there is none.
        package var otherwise: String?

        package init(claim: String?, names: [String: String] = [:], otherwise: String? = nil) {
            self.claim = claim
            self.names = names
            self.otherwise = otherwise
        }

        /// Whether a token can be that consumer's.
        package func canBe(_ consumer: String) -> Bool {
            otherwise == consumer || names.values.contains(consumer)
                || claim != nil && names.isEmpty && consumer != ConsumerConfiguration.anonymous
        }
    }

    /// How the file, logs and metrics call it.
    package var name: String
    /// The `iss` of its tokens, to the letter.
    package var issuer: String
    /// A token's `aud` must have one of them.
    package var audience: [String]
    package var algorithms: [TokenAlgorithm]
    package var keys: Keys
    /// How often the keys are read again.
    package var refresh: Duration
    /// How far the issuer's clock may be off.
    package var skew: Duration
    package var owner: Owner
    package var location: SourceLocation

    package static let standardRefresh = Duration.seconds(300)
    package static let standardSkew = Duration.seconds(30)

    package init(
        name: String, issuer: String, audience: [String], algorithms: [TokenAlgorithm], keys: Keys,
        refresh: Duration = standardRefresh, skew: Duration = standardSkew, owner: Owner,
        location: SourceLocation
    ) {
        self.name = name
        self.issuer = issuer
        self.audience = audience
        self.algorithms = algorithms
        self.keys = keys
        self.refresh = refresh
        self.skew = skew
        self.owner = owner
        self.location = location
    }
}
