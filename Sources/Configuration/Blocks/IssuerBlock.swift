/// `issuers.NAME`: whoever makes tokens (JWT) that are taken.
enum IssuerBlock {
    static let issuer = Key.required(
        "issuer", ValueType.text("the iss of its tokens", example: "https://login.example/").placed,
        "What its tokens have as `iss`, to the letter.")
    static let audience = Key.required(
        "audience", ValueType.text("an audience", example: "sluice").oneOrList(atMost: 64),
        "What its tokens must have as `aud`, or among it: the names that this gateway goes by.")
    static let algorithms = Key.optional(
        "algorithms", ValueType<TokenAlgorithm>.choice.placed.oneOrList(atMost: 16),
        default: "RS256, ES256 and EdDSA; for a `secret` HS256",
        "How tokens may be signed; all others are refused, whatever they say of themselves.")
    static let keys = Key.required("keys", ValueType.mapping, "Where the keys are that it signs with.")
    static let skew = Key.optional(
        "skew", ValueType.duration(.zero...Duration.seconds(600), example: "30s"), default: "30s",
        "How far its clock may be off, where times are compared.")
    static let consumer = Key.required(
        "consumer", ValueType.form("a consumer, or a mapping", example: "acme", .text, .block),
        "Whose requests those with its tokens are.")
    static let block = Block(
        "issuers.NAME",
        [
            issuer.description, audience.description, algorithms.description, keys.description, skew.description,
            consumer.description,
        ])

    /// The name of a claim.
    static let claimType = ValueType.parsed("the name of a claim", example: "sub") { text in
        text.utf8.count <= 256 && text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) ? text : nil
    }

    /// An issuer and the places that later checks point at.
    struct Result {
        var issuer: IssuerConfiguration
        var span: SourceSpan
        var issuerSpan: SourceSpan
    }

    static func read(_ entry: NamedNode, consumers: NameTable, _ reading: Reading) -> Result? {
        let name = "issuer \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        let issuer = reader.value(issuer)
        let audience = reader.value(audience)
        let algorithms = reader.value(algorithms)
        let skew = reader.value(skew)
        let owner = reader.value(consumer).flatMap { OwnerBlock.read($0, consumers: consumers, reading) }
        guard let node = reader.value(keys),
            let keys = IssuerKeysBlock.read(
                node, algorithms: algorithms ?? [], span: reader.keySpan(of: keys), reading)
        else { return nil }
        if reader.has(Self.algorithms), algorithms == nil { return nil }
        guard let issuer, let audience, let owner else { return nil }
        var result = IssuerConfiguration(
            name: entry.name, issuer: issuer.value, audience: audience, algorithms: keys.algorithms, keys: keys.keys,
            owner: owner, location: entry.span.location)
        result.refresh = keys.refresh
        if let skew { result.skew = skew }
        return Result(issuer: result, span: entry.span, issuerSpan: issuer.span)
    }

    /// Reports issuers that can't be told apart, tokens that nobody takes, and those that nobody makes.
    static func check(
        _ results: [Result], auth: AuthBlock.Choice?, routes: [RouteBlock.Result], isWhole: Bool, _ reading: Reading
    ) {
        var known: [String: SourceLocation] = [:]
        for result in results {
            if let first = known[result.issuer.issuer] {
                reading.error(
                    "another issuer has this iss", at: result.issuerSpan, "first given in line \(first.line)")
            } else {
                known[result.issuer.issuer] = result.issuerSpan.location
            }
        }
        let takers = ([auth] + routes.map(\.auth)).compactMap { $0 }.filter { $0.auth.kinds.contains(.tokens) }
        if isWhole, results.isEmpty, let taker = takers.first {
            reading.error(
                "tokens (jwt) are taken, but the file has no issuers", at: taker.span,
                "write issuers: { NAME: { issuer: …, audience: …, keys: …, consumer: … } }")
        }
        if let first = results.first, takers.isEmpty, auth != nil {
            reading.error(
                "issuer \(quoted(first.issuer.name)) is never asked: nothing takes jwt", at: first.span,
                "write auth: [api_keys, jwt], or remove it")
        }
    }
}

/// `issuers.NAME.consumer`.
enum OwnerBlock {
    static let claim = Key.required(
        "claim", IssuerBlock.claimType, "The claim that says whose request it is; a dot leads into a claim's members.")
    static let names = Key.optional(
        "names", ValueType.form("a mapping", example: "{ 00u1abc: acme }", .names(.text, atMost: Bounds.consumers)),
        default: "the claim is the consumer's name",
        "Consumers by what the claim says.")
    static let otherwise = Key.optional(
        "otherwise", ValueType.name(of: "consumer", example: "guests").placed, default: "refused",
        "The consumer of tokens whose claim is missing or says something else.")

    static let block = Block(
        "issuers.NAME.consumer", [claim.description, names.description, otherwise.description])

    static func read(
        _ node: YAMLNode, consumers: NameTable, _ reading: Reading
    ) -> IssuerConfiguration.Owner? {
        if case .scalar = node.content {
            let name = ValueType.name(of: "consumer", example: "acme").read(node, "consumer", reading)
            return name.flatMap { use($0, at: node.span, consumers, reading) }
                .map { IssuerConfiguration.Owner(claim: nil, otherwise: $0) }
        }
        guard let reader = MappingReader(node, block, name: "consumer", span: node.span, reading) else { return nil }
        let claim = reader.value(claim)
        let otherwise = reader.value(otherwise).flatMap { use($0.value, at: $0.span, consumers, reading) }
        var names: [String: String] = [:]
        if let node = reader.value(Self.names) {
            guard case .mapping(let entries) = node.content else {
                reading.error("names must be a mapping, not \(node.kind)", at: node.span, "write { VALUE: CONSUMER }")
                return nil
            }
            guard (1...Bounds.consumers).contains(entries.count) else {
                reading.error(
                    "names has \(entries.count) entries; from 1 to \(Bounds.consumers) are allowed", at: node.span)
                return nil
            }
            for entry in entries {
                let name = ValueType.name(of: "consumer", example: "acme").read(entry.value, entry.key, reading)
                names[entry.key] = name.flatMap { use($0, at: entry.value.span, consumers, reading) }
            }
            guard names.count == entries.count else { return nil }
        }
        if reader.has(Self.otherwise), otherwise == nil { return nil }
        return claim.map { IssuerConfiguration.Owner(claim: $0, names: names, otherwise: otherwise) }
    }

    private static func use(
        _ name: String, at span: SourceSpan, _ consumers: NameTable, _ reading: Reading
    ) -> String? {
        guard name != ConsumerConfiguration.anonymous else {
            reading.error(
                "tokens can't be those of \"anonymous\"", at: span, "it is for callers who show nothing")
            return nil
        }
        return consumers.use(name, at: span, reading) ? name : nil
    }
}
