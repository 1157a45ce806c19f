package import Configuration
package import Tensors

/// Who is asking, what may they use, and is there quota left: every question of policy, in the order of a request.
///
///     let principal = try policies.identify(policies.read(shown), kinds: route.identities, nowSeconds: …)
///     switch principal.decide(.infer, model: …, at: …, nowSeconds: …) { … }
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
    /// Whether a rule allows some consumer what administrators do.
    private let consumersAdminister: Bool
    /// Shuts out whoever fails again and again; `nil` where nobody is.
    private let bans: BanGuard?
    private let observer: PolicyObserver
    /// Quotas that consumers share.
    let quotas: QuotaTable

    /// Compiles the policies of a configuration.
    ///
    /// - Parameters:
    ///   - previous: the policies before a reload: what has been used of a quota that is still the same counts on.
    ///     All other quotas begin as their stores know them, those in memory with nothing used.
    ///   - stores: by the names of the configuration.
    ///   - keys: the keys of issuers, by the issuers' names; one that isn't there has none yet.
    ///   - observer: told of what becomes of those who don't prove who they are.
    package init(
        _ configuration: GatewayConfiguration, previous: PolicyEngine? = nil, stores: [String: QuotaStore] = [:],
        keys: [String: IssuerKeySet] = [:], observer: PolicyObserver = PolicyObserver(),
        now monotonic: MonotonicTime, wall: UInt64 = WallClock.nanosecondsSince1970
    ) {
        let now = QuotaMoment(monotonic: monotonic, wall: wall)
        let ledgers = Dictionary(
            (previous?.consumers ?? []).map { ($0.name, $0.quotas) }, uniquingKeysWith: { first, _ in first })
        let limits = Dictionary(
            configuration.limits.map { ($0.name, QuotaPolicy.all(of: $0)) }, uniquingKeysWith: { first, _ in first })
        let quotas = QuotaTable(configuration, policies: limits, previous: previous?.quotas, stores: stores, now: now)
        self.quotas = quotas
        var sets: [[String]: QuotaSet] = [[]: .none]
        var known = PlainAccess.Known()
        // What requests touch is made last and all at once, so that it lies in as few pages as it can: with very many
        // consumers finding out where a page is takes as long as getting what is there.
        let access = configuration.consumers.map { entry in
            AccessPolicy(allow: configuration.allow(of: entry), deny: configuration.deny(of: entry), known: &known)
        }
        let counts = configuration.consumers.map { entry in
            let set = sets[entry.limits] ?? QuotaSet(entry.limits.flatMap { limits[$0] ?? [] })
            sets[entry.limits] = set
            return QuotaLedger(
                QuotaSubject(.consumer, entry.name), set, previous: ledgers[entry.name], stores: stores, now: now)
        }
        var consumers = configuration.consumers.indices.map { index in
            let entry = configuration.consumers[index]
            return Consumer(
                name: entry.name, access: access[index], quotas: counts[index],
                groups: quotas.groups(named: entry.groups))
        }

        if !consumers.contains(where: { $0.name == ConsumerConfiguration.anonymous }) {
            consumers.append(
                Consumer(
                    name: ConsumerConfiguration.anonymous,
                    access: AccessPolicy(allow: [AccessRule(models: ["*"])], deny: configuration.deny),
                    quotas: QuotaLedger(
                        consumer: ConsumerConfiguration.anonymous, policies: [], now: now.monotonic)))
        }
        self.consumers = consumers
        self.observer = observer
        consumersAdminister = consumers.contains { $0.access.administers }
        let identities = Identities(configuration, consumers: consumers)
        anonymous = identities.anonymous
        authenticator = identities.authenticator(keys: keys, observe: observer.tokenFailed)
        administrators = identities.administrators(now: now.monotonic)
        bans = configuration.ban.map { ban in
            // Who is shut out stays so.
            if let previous = previous?.bans, previous.configuration == ban { return previous }
            return BanGuard(ban, observe: observer.banned)
        }
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
    /// - Throws: `unauthenticated`; `issuer_unavailable`; `banned`.
    package func identify(
        _ credentials: Credentials, kinds: IdentityKinds, nowSeconds: Int64
    ) throws(SluiceError) -> Principal {
        guard !kinds.isEmpty else { return anonymous }
        guard let authenticator else {
            throw SluiceError(.unauthenticated, "an API key is needed, but this gateway knows none")
        }
        return try authenticate(credentials, by: authenticator, kinds: kinds, nowSeconds: nowSeconds)
    }

    /// Says which administrator is asking: somebody with an admin key, or a consumer that may do some of what
    /// administrators do; `nil` where the file names none.
    ///
    /// - Parameter shown: for admin keys its `authorization` field counts.
    /// - Throws: `unauthenticated`; `banned`.
    package func identifyAdministrator(
        _ shown: ShownCredentials, nowSeconds: Int64
    ) throws(SluiceError) -> Administrator? {
        guard let administrators else { return nil }
        if consumersAdminister, let authenticator {
            let credentials = authenticator.read(shown)
            try bans?.check(credentials.peer, now: nowSeconds)
            let principal = try? authenticator.authenticate(
                credentials.proof, kinds: authenticator.kinds, nowSeconds: nowSeconds)
            if let principal, principal.consumer.access.administers {
                return Administrator(principal, place: credentials.place)
            }
        }
        var shown = shown
        if let keyHeader, keyHeader != AuthConfiguration.standardHeader { shown.key = shown.authorization }
        let credentials = administrators.read(shown)
        let owner = try authenticate(credentials, by: administrators, kinds: .apiKeys, nowSeconds: nowSeconds)
        return Administrator(name: owner.name, place: credentials.place)
    }

    private func authenticate(
        _ credentials: Credentials, by authenticator: Authenticator, kinds: IdentityKinds, nowSeconds: Int64
    ) throws(SluiceError) -> Principal {
        try bans?.check(credentials.peer, now: nowSeconds)
        do {
            return try authenticator.authenticate(credentials.proof, kinds: kinds, nowSeconds: nowSeconds)
        } catch {
            if let bans, Self.isGuess(credentials.proof, error), let refusal = bans.failed(credentials, now: nowSeconds)
            {
                throw refusal
            }
            note(error, credentials, isAdministrator: authenticator === administrators)
            throw error
        }
    }

    private func note(_ error: SluiceError, _ credentials: Credentials, isAdministrator: Bool) {
        guard error.code == .unauthenticated, let kind = credentials.proof.kind else { return }
        observer.failed(
            AuthenticationFailure(
                credentials: kind, reason: error.message, place: credentials.place, isAdministrator: isAdministrator))
    }

    /// Whether somebody may have tried what isn't theirs. Who shows nothing, or a token of their own that is over, hasn't.
    private static func isGuess(_ proof: Credentials.Proof, _ error: SluiceError) -> Bool {
        guard error.code == .unauthenticated else { return false }
        switch proof {
        case .absent, .certificate: return false
        case .token: return !error.detail.contains(.init("reason", "token_expired"))
        case .key, .tooLong: return true
        }
    }
}
