/// `consumers.NAME`: one caller.
enum ConsumerBlock {
    static let keys = Key.optional(
        "keys", ValueType.mappings(),
        "The caller's keys, by their hashes; two live ones let a key be replaced. Every consumer but `anonymous` has keys, "
            + "certificates or an issuer's tokens.")
    static let certificates = Key.optional(
        "certificates",
        ValueType.parsed("a certificate's name", example: "\"dns:robot.example\"", parse: CertificateNameText.parse)
            .placed.oneOrList(),
        default: "none",
        "Names in client certificates that are as good as a key: `dns:`, `uri:` or `email:` of the alternative names, or the "
            + "subject's `cn:`. Needs a listener with `tls.client_ca`.")
    static let allow = Key.optional(
        "allow", AccessRuleBlock.type, default: "nothing; for `anonymous` every model",
        "What the caller may do: a rule, or a list of them. Required but for `anonymous`, and for callers whose groups may do "
            + "something.")
    static let deny = Key.optional(
        "deny", AccessRuleBlock.type, default: "nothing",
        "What it may not do, whatever allows it: a rule, or a list of them.")
    static let limits = Key.optional(
        "limits", ValueType.name(of: "limit", example: "standard").placed.oneOrList(), default: "none",
        "Entries of `limits`; every one of them must have room for a request.")

    static let groups = Key.optional(
        "groups", ValueType.name(of: "group", example: "research").placed.oneOrList(), default: "none",
        "Entries of `groups` that the caller is in; their limits hold, too.")

    static let block = Block(
        "consumers.NAME",
        [
            keys.description, certificates.description, allow.description, deny.description, limits.description,
            groups.description,
        ])

    /// A consumer and the places that later checks point at.
    struct Result {
        var consumer: ConsumerConfiguration
        var span: SourceSpan
        var keys: [ConsumerKeyBlock.Result]
        var rules: [AccessRuleBlock.Result]
        var certificates: [Placed<String>]
    }

    /// What else in the file a consumer may refer to.
    struct Surroundings {
        var limits: NameTable
        var groups: NameTable
        var listeners: NameTable
        /// Groups that may do something.
        var allowedGroups: Set<String>
    }

    /// - Parameter hasTokens: whether an issuer's tokens may be this consumer's.
    static func read(
        _ entry: NamedNode, in surroundings: Surroundings, hasTokens: Bool, _ reading: Reading
    ) -> Result? {
        let name = "consumer \(quoted(entry.name))"
        let isAnonymous = entry.name == ConsumerConfiguration.anonymous
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        let keys = (reader.value(keys) ?? []).compactMap { ConsumerKeyBlock.read($0, owner: name, reading) }
        var rules: [AccessRuleBlock.Result] = []
        for key in [allow, deny] {
            guard let node = reader.value(key) else { continue }
            rules += AccessRuleBlock.read(
                node, of: name, isDeny: key.name == deny.name, span: reader.keySpan(of: key),
                listeners: surroundings.listeners, reading)
        }
        let groupNames = GroupBlock.read(reader.value(groups), surroundings.groups, reading)
        if isAnonymous {
            if reader.has(Self.keys) {
                reading.error(
                    "consumer \"anonymous\" can't have keys", at: reader.keySpan(of: Self.keys),
                    "it is for callers who show none")
            }
        } else {
            if !reader.has(Self.keys), !reader.has(Self.certificates), !hasTokens {
                reading.error(
                    "\(name) has no keys", at: entry.span,
                    "write keys: [{ id: k1, hash: \"sha256:…\" }]")
            }
            if !reader.has(allow), surroundings.allowedGroups.isDisjoint(with: groupNames) {
                reading.error(
                    "\(name) has no allow, so it may use nothing", at: entry.span, "write allow: { models: [\"*\"] }")
            }
        }
        let certificates = reader.value(certificates) ?? []
        if isAnonymous, let first = certificates.first {
            reading.error(
                "consumer \"anonymous\" can't have certificates", at: first.span, "it is for callers who show none")
        }
        let names = reader.value(limits) ?? []
        var seen: Set<String> = []
        for limit in names {
            surroundings.limits.use(limit.value, at: limit.span, reading)
            if !seen.insert(limit.value).inserted {
                reading.error("limit \(quoted(limit.value)) is named twice", at: limit.span)
            }
        }
        let allowed = rules.filter { !$0.isDeny }.map(\.rule)
        var consumer = ConsumerConfiguration(
            name: entry.name, keys: keys.map(\.key),
            allow: isAnonymous && !reader.has(allow)
                ? [AccessRule(models: ["*"], location: entry.span.location)] : allowed,
            limits: names.map(\.value), location: entry.span.location)
        consumer.deny = rules.filter(\.isDeny).map(\.rule)
        consumer.certificates = certificates.map(\.value)
        consumer.groups = groupNames
        return Result(consumer: consumer, span: entry.span, keys: keys, rules: rules, certificates: certificates)
    }

    /// Reports names that two consumers share, and those that nobody can ever show.
    ///
    /// - Parameter areTaken: whether any route takes certificates.
    static func checkCertificates(
        _ results: [Result], listeners: [Placed<ListenerConfiguration>], areTaken: Bool, _ reading: Reading
    ) {
        var known: [String: SourceLocation] = [:]
        for name in results.flatMap(\.certificates) {
            if let first = known[name.value] {
                reading.error(
                    "certificate \(quoted(name.value)) is named twice", at: name.span,
                    "first given in line \(first.line)")
            } else {
                known[name.value] = name.span.location
            }
        }
        guard let first = results.flatMap(\.certificates).first else { return }
        if !areTaken {
            reading.error(
                "consumers have certificates, but nothing takes certificates", at: first.span,
                "write auth: [api_keys, certificates]")
        }
        guard !listeners.isEmpty, !listeners.contains(where: { $0.value.tls?.clientCA != nil }) else { return }
        reading.error(
            "consumers have certificates, but no listener asks for one", at: first.span,
            "write tls: { …, client_ca: ./clients.pem } at one of them")
    }

    /// Reports key names and hashes that two keys share, and hashes that need a pepper where there is none.
    static func checkKeys(
        _ results: [Result], and others: [ConsumerKeyBlock.Result], hasPepper: Bool, _ reading: Reading
    ) {
        var ids: [String: SourceLocation] = [:]
        var hashes: [String: SourceLocation] = [:]
        for key in results.flatMap(\.keys) + others {
            if let first = ids[key.key.id] {
                reading.error(
                    "another key has the id \(quoted(key.key.id))", at: key.idSpan, "first given in line \(first.line)")
            } else {
                ids[key.key.id] = key.idSpan.location
            }
            if key.key.scheme == .peppered, !hasPepper {
                reading.error(
                    "this hash was made with a pepper, and the file has none", at: key.hashSpan,
                    "write auth: { api_keys: { pepper: env:SLUICE_PEPPER } }")
            }
            if let first = hashes[key.key.sha256] {
                reading.error("another key has this hash", at: key.hashSpan, "first given in line \(first.line)")
            } else {
                hashes[key.key.sha256] = key.hashSpan.location
            }
        }
    }
}

/// `consumers.NAME.keys`: the items.
enum ConsumerKeyBlock {
    static let id = Key.required(
        "id", ValueType.name(of: "key", example: "k1").placed, "What logs call the key; unique in the file.")
    static let hash = Key.required(
        "hash", hashType.placed,
        "SHA-256 of the whole key, or HMAC-SHA-256 with the pepper (`hmac-sha256:`); the key itself is nowhere in the file."
    )
    static let expires = Key.optional(
        "expires", ValueType.parsed("a date", example: "\"2027-01-01\"", parse: DateText.parse).placed,
        default: "never", "From when on the key is refused: a day or a moment, in UTC.")

    static let block = Block("consumers.NAME.keys", [id.description, hash.description, expires.description])

    /// A hash with the way in which it was made.
    struct Hash: Sendable {
        var scheme: ConsumerConfiguration.Key.Scheme
        var digits: String
    }

    private static let hashType = ValueType<Hash>.parsed(
        "sha256: and 64 hexadecimal digits", example: "\"sha256:\(HashText.exampleDigits)\"", isSecret: true
    ) { text in
        for scheme in ConsumerConfiguration.Key.Scheme.allCases where text.hasPrefix(scheme.rawValue) {
            let digits = text.dropFirst(scheme.rawValue.count)
            let isHexadecimal = digits.utf8.allSatisfy { $0.isLetterOrDigit && ($0 | 0x20) <= 0x66 }
            if digits.utf8.count == 64, isHexadecimal { return Hash(scheme: scheme, digits: digits.lowercased()) }
        }
        return nil
    }

    struct Result {
        var key: ConsumerConfiguration.Key
        var idSpan: SourceSpan
        var hashSpan: SourceSpan
    }

    static func read(_ node: YAMLNode, owner: String, _ reading: Reading) -> Result? {
        guard let reader = MappingReader(node, block, name: "a key of \(owner)", span: node.span, reading) else {
            return nil
        }
        let (id, hash, expires) = (reader.value(id), reader.value(hash), reader.value(expires))
        guard let id, let hash else { return nil }
        if let expires, expires.value <= reading.context.nowSeconds {
            reading.warning("key \(quoted(id.value)) of \(owner) has expired", at: expires.span, "remove it")
        }
        var key = ConsumerConfiguration.Key(id: id.value, sha256: hash.value.digits, expires: expires?.value)
        key.scheme = hash.value.scheme
        return Result(key: key, idSpan: id.span, hashSpan: hash.span)
    }
}
