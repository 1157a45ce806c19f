/// `auth`: how callers prove who they are. A word, a list of words, or a mapping with words as its keys.
enum AuthBlock {
    static let none = Key.optional(
        "none", ValueType.text("i-accept-open-access", example: openAccess).placed,
        "Nobody is asked, not even where others can reach a listener; the value must be `i-accept-open-access`.")
    static let apiKeys = Key.optional(
        "api_keys", ValueType.form("a mapping", example: "{ header: authorization }", .block),
        "Callers send a key in a header."
    )
    static let jwt = Key.optional(
        "jwt", ValueType.truth, default: "false", "Callers send a token (JWT) of one of the `issuers`.")
    static let certificates = Key.optional(
        "certificates", ValueType.truth, default: "false",
        "Callers show a client certificate that bears the name of a consumer.")

    static let block = Block(
        "auth", [none.description, apiKeys.description, jwt.description, certificates.description])

    /// What must be written to leave a gateway open that others can reach.
    static let openAccess = "i-accept-open-access"
    private static let words = ["none"] + IdentityKinds.known.map(\.word)

    /// What `auth` says, before anybody knows whether others can reach a listener.
    struct Choice: Sendable {
        var auth: AuthConfiguration
        var acceptsOpenAccess = false
        /// Whether keys have a header or a pepper of their own.
        var hasKeySettings = false
        var span: SourceSpan
    }

    static let type = ValueType<Choice>(
        "none, api_keys, jwt, certificates, a list or a mapping", example: "none",
        form: .either([
            .word(words), .list(.word(words.filter { $0 != "none" }), atMost: words.count - 1), .block,
        ])
    ) { node, what, reading in
        switch node.content {
        case .scalar(let scalar):
            if scalar.text == "none" { return Choice(auth: .none, span: node.span) }
            return kind(scalar, of: node, what, reading).map {
                Choice(auth: AuthConfiguration(kinds: $0), span: node.span)
            }
        case .list(let items): return readList(items, node, what, reading)
        case .mapping: return readMapping(node, what, reading)
        }
    }

    private static func kind(
        _ scalar: YAMLNode.Scalar, of node: YAMLNode, _ what: String, _ reading: Reading
    ) -> IdentityKinds? {
        if let known = IdentityKinds.known.first(where: { $0.word == scalar.text }) { return known.kind }
        let advice = scalar.isAmbiguousBoolean ? "write none" : nil
        reading.error(
            "\(what) must be none, api_keys, jwt or certificates, not \(node.kind)", at: node.span,
            advice ?? Suggestion.text(for: scalar.text, in: words, label: "known words"))
        return nil
    }

    private static func readList(
        _ items: [YAMLNode], _ node: YAMLNode, _ what: String, _ reading: Reading
    ) -> Choice? {
        guard !items.isEmpty else {
            reading.error("\(what) is an empty list", at: node.span, "write none, or name at least one way")
            return nil
        }
        var kinds: IdentityKinds = []
        var isGood = true
        for item in items {
            guard case .scalar(let scalar) = item.content else {
                reading.error(
                    "\(what) lists \(item.kind)", at: item.span, "a list has words only; settings need a mapping")
                isGood = false
                continue
            }
            if scalar.text == "none" {
                reading.error(
                    "none can't be one of several: it asks nobody", at: item.span, "leave it out, or write just none")
                isGood = false
            } else if let kind = kind(scalar, of: item, what, reading) {
                if !kinds.insert(kind).inserted {
                    reading.error("\(what) names \(scalar.text) twice", at: item.span)
                    isGood = false
                }
            } else {
                isGood = false
            }
        }
        return isGood ? Choice(auth: AuthConfiguration(kinds: kinds), span: node.span) : nil
    }

    private static func readMapping(_ node: YAMLNode, _ what: String, _ reading: Reading) -> Choice? {
        guard let reader = MappingReader(node, block, name: what, span: node.span, reading) else { return nil }
        let accepted = reader.value(none)
        let tokens = reader.value(jwt)
        let named = reader.value(certificates)
        var choice = Choice(auth: .none, span: node.span)
        if reader.has(apiKeys) {
            guard
                let settings = reader.value(apiKeys).flatMap({
                    APIKeysBlock.read($0, span: reader.keySpan(of: apiKeys), reading)
                })
            else { return nil }
            choice.auth = settings
            choice.hasKeySettings = settings.keyHeader != AuthConfiguration.standardHeader || settings.pepper != nil
        }
        if tokens == true { choice.auth.kinds.insert(.tokens) }
        if named == true { choice.auth.kinds.insert(.certificates) }
        if reader.has(none) {
            let others: [(String, Bool, SourceSpan)] = [
                ("api_keys", reader.has(apiKeys), reader.keySpan(of: apiKeys)),
                ("jwt", reader.has(jwt), reader.keySpan(of: jwt)),
                ("certificates", reader.has(certificates), reader.keySpan(of: certificates)),
            ]
            if let other = others.first(where: \.1) {
                reading.error("\(what) is both none and \(other.0)", at: other.2, "leave one of them out")
                return nil
            }
            guard let accepted else { return nil }
            guard accepted.value == openAccess else {
                reading.error(
                    "none must be \(openAccess), not \(quoted(accepted.value))", at: accepted.span,
                    "write { none: \(openAccess) }")
                return nil
            }
            choice.acceptsOpenAccess = true
            return choice
        }
        guard !choice.auth.kinds.isEmpty else {
            if !reader.has(jwt) && !reader.has(certificates) || tokens == false || named == false {
                reading.error("\(what) says nothing", at: node.span, "write none, api_keys, jwt or certificates")
            }
            return nil
        }
        return choice
    }

    /// Refuses to ask nobody where a listener can be reached from elsewhere.
    static func check(
        _ choice: Choice, of owner: String, listeners: [Placed<ListenerConfiguration>], _ reading: Reading
    ) {
        guard choice.auth.kinds.isEmpty, !choice.acceptsOpenAccess,
            let open = listeners.first(where: { !AddressText.isLoopback($0.value.host) })
        else { return }
        reading.error(
            """
            \(owner): none lets everybody in who can reach listener \(quoted(open.value.name)) \
            on \(open.value.host), which is not a loopback address
            """, at: choice.span, "write { none: \(openAccess) } if that is meant, else api_keys")
    }
}

/// `auth.api_keys`.
enum APIKeysBlock {
    static let header = Key.optional(
        "header", headerType, default: AuthConfiguration.standardHeader,
        "The header with the key: `authorization: Bearer KEY`, or the bare key in any other one.")
    static let pepper = Key.optional(
        "pepper", SecretText.type(atLeast: 16, example: "SLUICE_PEPPER"), default: "none",
        "A secret that hashes of keys are made with (`hmac-sha256:`), so that a file that gets out helps nobody to try keys."
    )

    static let block = Block("auth.api_keys", [header.description, pepper.description])

    /// A field name of RFC 9110, section 5.1, in lower case.
    private static let headerType = ValueType.parsed("the name of a header", example: "x-api-key") { text in
        let isToken = text.utf8.allSatisfy { $0.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains($0) }
        return isToken && text.utf8.count <= 64 ? text.lowercased() : nil
    }

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> AuthConfiguration? {
        guard let reader = MappingReader(node, block, name: "api_keys", span: span, reading) else { return nil }
        let header = reader.value(header)
        let pepper = reader.value(pepper)
        if reader.has(Self.header), header == nil { return nil }
        if reader.has(Self.pepper), pepper == nil { return nil }
        return AuthConfiguration(
            kinds: .apiKeys, keyHeader: header ?? AuthConfiguration.standardHeader, pepper: pepper)
    }
}
