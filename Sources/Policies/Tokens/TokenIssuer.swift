package import Configuration

/// An issuer as tokens are checked by it.
package final class TokenIssuer: Sendable {
    package let name: String
    let issuer: String
    let audience: Set<String>
    let algorithms: Set<TokenAlgorithm>
    /// Seconds that its clock may be off.
    let skew: Int64
    package let keys: IssuerKeySet
    private let owner: IssuerConfiguration.Owner
    private let principals: [String: Principal]
    private let keepsClaims: Bool

    /// - Parameters:
    ///   - principals: by consumers' names.
    ///   - keepsClaims: whether anything depends on what else tokens say.
    package init(
        _ configuration: IssuerConfiguration, keys: IssuerKeySet, principals: [String: Principal],
        keepsClaims: Bool = false
    ) {
        name = configuration.name
        issuer = configuration.issuer
        audience = Set(configuration.audience)
        algorithms = Set(configuration.algorithms)
        skew = configuration.skew.components.seconds
        self.keys = keys
        owner = configuration.owner
        self.principals = principals
        self.keepsClaims = keepsClaims
    }

    /// Whose request it is.
    func principal(for claims: Claims) throws(TokenFault) -> Principal {
        guard let principal = consumerName(for: claims).flatMap({ principals[$0] }) else { throw .consumer }
        let consumer = principal.consumer
        return keepsClaims || !consumer.access.claimConditions.isEmpty
            ? Principal(consumer, claims: claims) : principal
    }

    private func consumerName(for claims: Claims) -> String? {
        guard let claim = owner.claim, let value = claims[path: claim]?.text else { return owner.otherwise }
        if !owner.names.isEmpty { return owner.names[value] ?? owner.otherwise }
        // Nobody's token makes its caller one of those who show none.
        guard value != ConsumerConfiguration.anonymous, principals[value] != nil else { return owner.otherwise }
        return value
    }
}
