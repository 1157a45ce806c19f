package import Configuration
package import Tensors

/// Who is asking, what may they use, and is there quota left: every question of policy, in the order of a request.
///
///     let consumer = try policies.identify(headerValue: …, requiresKey: route.requiresKey, nowSeconds: …)
///     try policies.authorize(consumer, model: …)
///     switch policies.admit(consumer, …, facts: …, now: …) { … }
///
/// Each costs the same however many consumers, keys and models the file has.
package final class PolicyEngine: Sendable {
    /// Checks keys; `nil` where the file asks nobody for one.
    package let authenticator: Authenticator?
    /// Checks administrators' keys; `nil` where the file names none.
    package let administrators: Authenticator?
    /// Who acts where no key is asked for.
    package let anonymous: Consumer
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
    package init(
        _ configuration: GatewayConfiguration, previous: PolicyEngine? = nil, stores: [String: QuotaStore] = [:],
        now monotonic: MonotonicTime, wall: UInt64 = WallClock.nanosecondsSince1970
    ) {
        let now = QuotaMoment(monotonic: monotonic, wall: wall)
        let ledgers = Dictionary(
            (previous?.consumers ?? []).map { ($0.name, $0.quotas) }, uniquingKeysWith: { first, _ in first })
        let limits = Dictionary(
            configuration.limits.map { ($0.name, QuotaPolicy.all(of: $0)) }, uniquingKeysWith: { first, _ in first })
        var consumers: [Consumer] = []
        var entries: [KeyDigest: Authenticator.Entry] = [:]
        for entry in configuration.consumers {
            let consumer = Consumer(
                name: entry.name, models: ModelPatterns(entry.allowedModels),
                quotas: QuotaLedger(
                    QuotaSubject(.consumer, entry.name), policies: entry.limits.flatMap { limits[$0] ?? [] },
                    previous: ledgers[entry.name], stores: stores, now: now))
            consumers.append(consumer)
            for name in entry.certificates {
                entries[CertificateNames.digest(of: name)] = Authenticator.Entry(consumer: consumer)
            }
            for key in entry.keys {
                guard let digest = KeyDigest(hex: key.sha256) else { continue }
                entries[digest] = Authenticator.Entry(consumer: consumer, expires: key.expires)
            }
        }

        if let named = consumers.first(where: { $0.name == ConsumerConfiguration.anonymous }) {
            anonymous = named
        } else {
            anonymous = Consumer(
                name: ConsumerConfiguration.anonymous, models: ModelPatterns(["*"]),
                quotas: QuotaLedger(consumer: ConsumerConfiguration.anonymous, policies: [], now: now.monotonic))
            consumers.append(anonymous)
        }
        self.consumers = consumers
        quotas = QuotaTable(configuration, policies: limits, previous: previous?.quotas, stores: stores, now: now)

        administrators = configuration.admin.map { admin in
            var entries: [KeyDigest: Authenticator.Entry] = [:]
            for key in admin.keys {
                guard let digest = KeyDigest(hex: key.sha256) else { continue }
                let owner = Consumer(
                    name: key.id, models: ModelPatterns([]),
                    quotas: QuotaLedger(consumer: key.id, policies: [], now: now.monotonic))
                entries[digest] = Authenticator.Entry(consumer: owner, expires: key.expires)
            }
            return Authenticator(header: "authorization", entries: entries)
        }

        switch configuration.auth {
        case .apiKeys(let header): authenticator = Authenticator(header: header, entries: entries)
        // A route may ask for a key even where the rest of the file doesn't.
        case .none: authenticator = entries.isEmpty ? nil : Authenticator(header: "authorization", entries: entries)
        }
    }

    /// The header that carries keys, in lower case; `nil` where keys are never asked for.
    package var keyHeader: String? { authenticator?.header }

    /// What a key header's value holds; the same value again need not be read again.
    package func read(_ headerValue: String?) -> PresentedKey {
        authenticator?.read(headerValue) ?? .absent
    }

    /// Says who is asking.
    ///
    /// Where no key is required the caller is `anonymous`, whatever it sent: clients that always send some key, as the
    /// OpenAI libraries do, work with an open route, and nobody learns there whether a key is valid.
    ///
    /// - Parameters:
    ///   - key: as `read` found it.
    ///   - nowSeconds: seconds since 1970.
    /// - Throws: `unauthenticated`.
    package func identify(
        _ key: PresentedKey, requiresKey: Bool, nowSeconds: Int64
    ) throws(SluiceError) -> Consumer {
        guard requiresKey else { return anonymous }
        guard let authenticator else {
            throw SluiceError(.unauthenticated, "an API key is needed, but this gateway knows none")
        }
        return try authenticator.authenticate(key, nowSeconds: nowSeconds)
    }

    /// Says who is asking, by the value of the key header as received; `nil` where it is absent.
    ///
    /// - Throws: `unauthenticated`.
    package func identify(
        headerValue: String?, requiresKey: Bool, nowSeconds: Int64
    ) throws(SluiceError) -> Consumer {
        try identify(read(headerValue), requiresKey: requiresKey, nowSeconds: nowSeconds)
    }

    /// Checks that `consumer` may use the public model of that name.
    ///
    /// - Throws: `forbidden`.
    package func authorize(_ consumer: Consumer, model: String) throws(SluiceError) {
        try consumer.authorize(model: model)
    }
}
