/// `routes`: the items; first match wins.
enum RouteBlock {
    static let name = Key.optional(
        "name", ValueType.name(of: "route", .pattern, example: "vision").placed,
        default: "the pattern of `match.model`",
        "What logs and metrics call the route; unique.")
    static let match = Key.optional("match", ValueType.mapping, default: "every request", "Which requests it takes.")
    static let auth = Key.optional(
        "auth", AuthBlock.type, default: "the file's `auth`", "How callers of this route prove who they are.")
    static let send = Key.required(
        "send", ValueType.form("a model, or a mapping", example: "iris", .text, .block), "Which model answers.")
    static let fallback = Key.optional(
        "fallback", ValueType.mappings(atMost: 8),
        "What is tried after a failure, in order: other models, an old answer, a fixed one.")
    static let retry = Key.optional(
        "retry", ValueType.mapping, default: "no retries",
        "When a model that failed is asked once more, before the fallbacks.")
    static let hedge = Key.optional(
        "hedge", ValueType.mapping, default: "no second tries",
        "When a model is asked a second time while the first try is still under way; the first answer counts.")
    static let deadline = Key.optional(
        "deadline", ValueType.wait(example: "5s"), default: "30s",
        "Longest time for the whole request, every attempt and fallback together.")

    static let shadow = Key.optional(
        "shadow", ValueType.mapping, "A model that sees answered requests too, and is held against the answers.")
    static let redact = Key.optional(
        "redact", ValueType.name(of: "redaction", example: "people").placed.oneOrList(), default: "no rules",
        "Entries of `redaction` that look at the texts of its requests and answers, one after the other.")
    static let limits = Key.optional(
        "limits", LimitNames.type, default: "no limits", "Entries of `limits` that all requests to this route share.")

    static let block = Block(
        "routes",
        [
            name.description, match.description, auth.description, send.description, fallback.description,
            retry.description, hedge.description, deadline.description, limits.description, shadow.description,
            redact.description,
        ])

    static let standardDeadline = Duration.seconds(30)

    /// A route and the places that later checks point at.
    struct Result {
        var route: RouteConfiguration
        /// What is marked where the whole route is meant.
        var span: SourceSpan
        /// The name's place, or that of the pattern which is the name.
        var nameSpan: SourceSpan
        var auth: AuthBlock.Choice?
        var rungs: [RungBlock.Result]
        var hedge: Placed<HedgeConfiguration>?
    }

    static func read(
        _ node: YAMLNode, auth standard: AuthConfiguration?, models: NameTable, limits table: NameTable,
        callers: MatchBlock.Names, _ reading: Reading
    ) -> Result? {
        guard let reader = MappingReader(node, block, name: "a route", span: node.span, reading) else { return nil }
        let name = reader.value(name)
        var match = MatchBlock.Result()
        if let node = reader.value(Self.match) {
            match = MatchBlock.read(node, span: reader.keySpan(of: Self.match), names: callers, reading)
        }
        let auth = readAuth(reader, reading)
        let sent = reader.value(send).map { SendBlock.read($0, models: models, reading) } ?? SendBlock.Result()
        let targets = sent.targets
        var tried = targets.map(\.model)
        var rungs: [RungBlock.Result] = []
        for node in reader.value(fallback) ?? [] {
            guard let rung = RungBlock.read(node, tried: tried, models: models, reading) else { continue }
            if let model = rung.rung.model { tried.append(model) }
            rungs.append(rung)
        }
        let retry = reader.value(retry).flatMap {
            RetryBlock.read($0, span: reader.keySpan(of: Self.retry), reading)
        }
        let hedge = reader.value(hedge).flatMap {
            HedgeBlock.read($0, span: reader.keySpan(of: Self.hedge), reading)
        }
        let deadline = reader.value(deadline)
        let limits = LimitNames.read(reader.value(limits), table, reading)
        // Without a target there is nothing to check further; why has been reported.
        guard !targets.isEmpty else { return nil }
        var route = RouteConfiguration(
            name: name?.value ?? match.model?.value ?? "*", model: match.model?.value,
            contentTypes: match.contentTypes, identities: (auth?.auth ?? standard ?? .none).kinds, targets: targets,
            fallback: rungs.map(\.rung), deadline: deadline ?? standardDeadline, location: node.span.location)
        route.limits = limits
        route.retry = retry
        route.hedge = hedge?.value
        route.conditions = match.conditions
        route.redactions = MatchBlock.use(reader.value(redact), callers.redactions, reading)
        route.shadow = reader.value(shadow).flatMap {
            ShadowBlock.read($0, span: reader.keySpan(of: shadow), targets: targets, models: models, reading)
        }
        (route.canary, route.stickiness) = (sent.canary, sent.sticky?.value)
        if let known = auth?.auth ?? standard {
            check(match, sent, kinds: known.kinds, keyHeader: standard?.keyHeader, reading)
        }
        let span = match.model?.span ?? name?.span ?? node.span
        return Result(route: route, span: span, nameSpan: name?.span ?? span, auth: auth, rungs: rungs, hedge: hedge)
    }

    /// Keys are always in the header that the file's `auth` names, so a route can only ask for them or not.
    private static func readAuth(_ reader: MappingReader, _ reading: Reading) -> AuthBlock.Choice? {
        guard let choice = reader.value(auth) else { return nil }
        if choice.hasKeySettings {
            reading.error(
                "a route can't have a header or a pepper of its own", at: choice.span,
                "write auth: api_keys, and the settings at the top")
        }
        return choice
    }

    /// Reports what depends on who calls where nobody is asked.
    private static func check(
        _ match: MatchBlock.Result, _ sent: SendBlock.Result, kinds: IdentityKinds, keyHeader: String?,
        _ reading: Reading
    ) {
        if let span = match.headers, let keyHeader, match.conditions.headers.contains(where: { $0.name == keyHeader }) {
            reading.error(
                "the header field \(quoted(keyHeader)) carries keys, which routes don't look at", at: span,
                "match consumers instead")
        }
        if let span = match.caller, kinds.isEmpty {
            reading.error(
                "the route matches callers, but asks nobody who they are", at: span, "write auth: api_keys at the route"
            )
        }
        if let span = match.claims, !kinds.contains(.tokens) {
            reading.error("the route matches claims, but takes no tokens", at: span, "write auth: jwt at the route")
        }
        if let sticky = sent.sticky, sticky.value == .consumer, kinds.isEmpty {
            reading.error(
                "sticky: consumer needs to know who calls, but the route asks nobody", at: sticky.span,
                "write auth: api_keys at the route, or sticky: { header: x-session }")
        }
    }

    /// Reports names that two routes share and routes that no request can reach.
    static func check(_ results: [Result], _ reading: Reading) {
        var names: [String: SourceLocation] = [:]
        let reaches = results.map { RouteReach($0.route) }
        for (index, result) in results.enumerated() {
            let route = result.route
            let earlier = results[..<index].indices.first { reaches[index].isCovered(by: reaches[$0]) }
            guard let earlier else {
                if let first = names[route.name] {
                    reading.error(
                        "another route has the name \(quoted(route.name))", at: result.nameSpan,
                        "first given in line \(first.line); give this one a name of its own")
                } else {
                    names[route.name] = result.nameSpan.location
                }
                continue
            }
            let other = results[earlier]
            reading.error(
                """
                route \(quoted(route.name)) can't be reached: route \(quoted(other.route.name)) \
                in line \(other.span.location.line) takes all its requests
                """, at: result.span, "put it before that route, or match less there")
        }
    }
}
