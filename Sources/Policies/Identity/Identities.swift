internal import Configuration
internal import Tensors

/// Whose keys, certificates and tokens a configuration names, compiled.
struct Identities {
    private let configuration: GatewayConfiguration
    private let principals: [String: Principal]
    private let pepper: Pepper?
    let anonymous: Principal

    /// - Parameter consumers: every consumer, `anonymous` included.
    init(_ configuration: GatewayConfiguration, consumers: [Consumer]) {
        self.configuration = configuration
        let principals = Dictionary(
            consumers.map { ($0.name, Principal($0)) }, uniquingKeysWith: { first, _ in first })
        self.principals = principals
        pepper = configuration.auth.pepper.map { Pepper($0.bytes) }
        guard let anonymous = principals[ConsumerConfiguration.anonymous] else {
            preconditionFailure("there is always somebody of whom nothing is known")
        }
        self.anonymous = anonymous
    }

    /// `nil` where nobody could prove anything.
    func authenticator(
        keys: [String: IssuerKeySet], observe: @escaping TokenVerifier.Observer
    ) -> Authenticator? {
        var entries: [(ConsumerConfiguration.Key, Principal)] = []
        var certificates: [String: Principal] = [:]
        for consumer in configuration.consumers {
            guard let principal = principals[consumer.name] else { continue }
            entries += consumer.keys.map { ($0, principal) }
            for name in consumer.certificates { certificates[name] = principal }
        }
        // A route may ask for a key even where the rest of the file doesn't.
        let kinds = configuration.routes.reduce(configuration.auth.kinds) { $0.union($1.identities) }
        guard !configuration.auth.kinds.isEmpty || !entries.isEmpty || !kinds.isEmpty else { return nil }
        let keepsClaims = configuration.routes.contains { !$0.conditions.claims.isEmpty }
        let issuers = configuration.issuers.map {
            TokenIssuer(
                $0, keys: keys[$0.name] ?? IssuerKeySet(), principals: principals, keepsClaims: keepsClaims)
        }
        return Authenticator(
            header: configuration.auth.keyHeader, keys: table(entries), certificates: certificates,
            tokens: issuers.isEmpty ? nil : TokenVerifier(issuers, observe: observe),
            kinds: kinds.isEmpty ? .apiKeys : kinds)
    }

    /// `nil` where the file names no administrator.
    func administrators(now: MonotonicTime) -> Authenticator? {
        configuration.admin.map { admin in
            let entries = admin.keys.map { key in
                let owner = Consumer(
                    name: key.id, models: ModelPatterns([]),
                    quotas: QuotaLedger(consumer: key.id, policies: [], now: now))
                return (key, Principal(owner))
            }
            return Authenticator(header: AuthConfiguration.standardHeader, keys: table(entries))
        }
    }

    private func table(_ entries: [(ConsumerConfiguration.Key, Principal)]) -> KeyTable {
        var plain: [KeyDigest: Authenticator.Entry] = [:]
        var peppered: [KeyDigest: Authenticator.Entry] = [:]
        for (key, principal) in entries {
            guard let digest = KeyDigest(hex: key.sha256) else { continue }
            let entry = Authenticator.Entry(principal: principal, expires: key.expires)
            switch key.scheme {
            case .plain: plain[digest] = entry
            case .peppered: peppered[digest] = entry
            }
        }
        return KeyTable(plain: plain, peppered: peppered, pepper: pepper)
    }
}
