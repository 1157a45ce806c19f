/// `auth`: how callers prove who they are. `none`, `api_keys`, or a mapping with one of them as its key.
enum AuthBlock {
    static let none = Key.optional(
        "none", ValueType.text("i-accept-open-access", example: openAccess).placed,
        "Nobody is asked, not even where others can reach a listener; the value must be `i-accept-open-access`.")
    static let apiKeys = Key.optional(
        "api_keys", ValueType.form("a mapping", example: "{ header: authorization }"), "Callers send a key in a header."
    )

    static let block = Block("auth", [none.description, apiKeys.description])

    /// What must be written to leave a gateway open that others can reach.
    static let openAccess = "i-accept-open-access"

    /// What `auth` says, before anybody knows whether others can reach a listener.
    struct Choice: Sendable {
        var auth: AuthConfiguration
        var acceptsOpenAccess: Bool
        var span: SourceSpan
    }

    static let type = ValueType<Choice>("none, api_keys or a mapping", example: "none") { node, what, reading in
        switch node.content {
        case .scalar(let scalar):
            switch scalar.text {
            case "none": return Choice(auth: .none, acceptsOpenAccess: false, span: node.span)
            case "api_keys":
                return Choice(
                    auth: .apiKeys(header: AuthConfiguration.standardHeader), acceptsOpenAccess: false, span: node.span)
            default:
                let advice = scalar.isAmbiguousBoolean ? "write none" : nil
                reading.error(
                    "\(what) must be none or api_keys, not \(node.kind)", at: node.span,
                    advice ?? Suggestion.text(for: scalar.text, in: ["none", "api_keys"], label: "known words"))
                return nil
            }
        case .list:
            reading.error("\(what) must be none or api_keys, not a list", at: node.span)
            return nil
        case .mapping:
            return readMapping(node, what, reading)
        }
    }

    private static func readMapping(_ node: YAMLNode, _ what: String, _ reading: Reading) -> Choice? {
        guard let reader = MappingReader(node, block, name: what, span: node.span, reading) else { return nil }
        let accepted = reader.value(none)
        switch (reader.has(none), reader.has(apiKeys)) {
        case (true, true):
            reading.error("\(what) is both none and api_keys", at: reader.keySpan(of: apiKeys), "leave one of them out")
            return nil
        case (true, false):
            guard let accepted else { return nil }
            guard accepted.value == openAccess else {
                reading.error(
                    "none must be \(openAccess), not \(quoted(accepted.value))", at: accepted.span,
                    "write { none: \(openAccess) }")
                return nil
            }
            return Choice(auth: .none, acceptsOpenAccess: true, span: node.span)
        case (false, true):
            return reader.value(apiKeys).flatMap { APIKeysBlock.read($0, span: reader.keySpan(of: apiKeys), reading) }
                .map { Choice(auth: .apiKeys(header: $0), acceptsOpenAccess: false, span: node.span) }
        case (false, false):
            reading.error("\(what) says nothing", at: node.span, "write none or api_keys")
            return nil
        }
    }

    /// Refuses to ask nobody where a listener can be reached from elsewhere.
    static func check(
        _ choice: Choice, of owner: String, listeners: [Placed<ListenerConfiguration>], _ reading: Reading
    ) {
        guard choice.auth == .none, !choice.acceptsOpenAccess,
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

    static let block = Block("auth.api_keys", [header.description])

    /// A field name of RFC 9110, section 5.1, in lower case.
    private static let headerType = ValueType.parsed("the name of a header", example: "x-api-key") { text in
        let isToken = text.utf8.allSatisfy { $0.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains($0) }
        return isToken && text.utf8.count <= 64 ? text.lowercased() : nil
    }

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> String? {
        guard let reader = MappingReader(node, block, name: "api_keys", span: span, reading) else { return nil }
        let header = reader.value(header)
        return reader.has(Self.header) ? header : AuthConfiguration.standardHeader
    }
}
