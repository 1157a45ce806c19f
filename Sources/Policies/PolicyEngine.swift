package import Configuration
package import Tensors

/// Who is asking, what may they use, and is there quota left: every question of policy, in the order of a request.
///
///     let principal = try policies.identify(policies.read(shown), kinds: route.identities, nowSeconds: …)
///     try principal.authorize(model: …)
///     switch policies.admit(principal.consumer, …, facts: …, now: …) { … }
///
/// Each costs the same however many consumers, keys and models the file has.
package final class PolicyEngine: Sendable {
    /// Tells who asks; `nil` where the file asks nobody.
    package let authenticator: Authenticator?
    /// Checks administrators' keys; `nil` where the file names none.
    package let administrators: Authenticator?
    /// Who acts where nobody is asked.
    package let anonymous: Principal
    /// Every consumer, `anonymous` included, in the order of the file.
    package let consumers: [Consumer]
    /// Quotas that consumers share.
    let quotas: QuotaTable

    /// Compiles the policies of a configuration.
    ///
    /// - Parameters:
    ///   - previous: the policies before a reload: what has been used of a quota that is still the same counts on.
    ///     All other quotas begin as their stores know them, those in memory with nothing used.
    ///   - stores: by the names of the configuration.
    ///   - keys: the keys of issuers, by the issuers' names; one that isn't there has none yet.
    ///   - observeTokens: told of tokens that are refused.
    package init(
        _ configuration: GatewayConfiguration, previous: PolicyEngine? = nil, stores: [String: QuotaStore] = [:],
        keys: [String: IssuerKeySet] = [:], observeTokens: @escaping TokenVerifier.Observer = { _, _ in },
        now monotonic: MonotonicTime, wall: UInt64 = WallClock.nanosecondsSince1970
    ) {
        let now = QuotaMoment(monotonic: monotonic, wall: wall)
        let ledgers = Dictionary(
            (previous?.consumers ?? []).map { ($0.name, $0.quotas) }, uniquingKeysWith: { first, _ in first })
        let limits = Dictionary(
            configuration.limits.map { ($0.name, QuotaPolicy.all(of: $0)) }, uniquingKeysWith: { first, _ in first })
        var consumers: [Consumer] = []
        for entry in configuration.consumers {
            consumers.append(
                Consumer(
                    name: entry.name, models: ModelPatterns(entry.allowedModels),
                    quotas: QuotaLedger(
                        QuotaSubject(.consumer, entry.name), policies: entry.limits.flatMap { limits[$0] ?? [] },
                        previous: ledgers[entry.name], stores: stores, now: now)))
        }

        if !consumers.contains(where: { $0.name == ConsumerConfiguration.anonymous }) {
            consumers.append(
                Consumer(
                    name: ConsumerConfiguration.anonymous, models: ModelPatterns(["*"]),
                    quotas: QuotaLedger(
                        consumer: ConsumerConfiguration.anonymous, policies: [], now: now.monotonic)))
        }
        self.consumers = consumers
        let identities = Identities(configuration, consumers: consumers)
        anonymous = identities.anonymous
        authenticator = identities.authenticator(keys: keys, observe: observeTokens)
        administrators = identities.administrators(now: now.monotonic)
    }

    /// The header that carries keys, in lower case; `nil` where keys are never asked for.
    package var keyHeader: String? { authenticator?.header }

    /// What a request shows of who makes it; the same again need not be read again.
    package func read(_ shown: ShownCredentials) -> Credentials {
        authenticator?.read(shown) ?? Credentials(.absent, peer: shown.peer, listener: shown.listener)
    }

    /// Says who is asking.
    ///
    /// Where nobody is asked the caller is `anonymous`, whatever it sent: clients that always send some key, as the
    /// OpenAI libraries do, work with an open route, and nobody learns there whether a key is valid.
    ///
    /// - Parameters:
    ///   - credentials: as `read` found them.
    ///   - kinds: what is taken here; empty asks nobody.
    ///   - nowSeconds: seconds since 1970.
    /// - Throws: `unauthenticated`; `issuer_unavailable`.
    package func identify(
        _ credentials: Credentials, kinds: IdentityKinds, nowSeconds: Int64
    ) throws(SluiceError) -> Principal {
        guard !kinds.isEmpty else { return anonymous }
        guard let authenticator else {
            throw SluiceError(.unauthenticated, "an API key is needed, but this gateway knows none")
        }
        return try authenticator.authenticate(credentials.proof, kinds: kinds, nowSeconds: nowSeconds)
    }
}
