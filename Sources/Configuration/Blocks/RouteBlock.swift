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
        "send", ValueType.form("a model, or a mapping", example: "iris"), "Which model answers.")
    static let fallback = Key.optional(
        "fallback", ValueType.mappings(atMost: 8), "Models to try after a failure, in order.")
    static let retry = Key.optional(
        "retry", ValueType.mapping, default: "no retries",
        "When a model that failed is asked once more, before the fallbacks.")
    static let deadline = Key.optional(
        "deadline", ValueType.wait(example: "5s"), default: "30s",
        "Longest time for the whole request, every attempt and fallback together.")

    static let limits = Key.optional(
        "limits", LimitNames.type, default: "no limits", "Entries of `limits` that all requests to this route share.")

    static let block = Block(
        "routes",
        [
            name.description, match.description, auth.description, send.description, fallback.description,
            retry.description, deadline.description, limits.description,
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
    }

    static func read(
        _ node: YAMLNode, auth standard: AuthConfiguration?, models: NameTable, limits table: NameTable,
        _ reading: Reading
    ) -> Result? {
        guard let reader = MappingReader(node, block, name: "a route", span: node.span, reading) else { return nil }
        let name = reader.value(name)
        var match = MatchBlock.Result()
        if let node = reader.value(Self.match) {
            match = MatchBlock.read(node, span: reader.keySpan(of: Self.match), reading)
        }
        let auth = readAuth(reader, reading)
        var targets: [RouteConfiguration.Target] = []
        if let node = reader.value(send) { targets = SendBlock.read(node, models: models, reading) }
        var tried = targets.map(\.model)
        var rungs: [RouteConfiguration.Rung] = []
        for node in reader.value(fallback) ?? [] {
            guard let rung = RungBlock.read(node, tried: tried, models: models, reading) else { continue }
            tried.append(rung.model)
            rungs.append(rung)
        }
        let retry = reader.value(retry).flatMap {
            RetryBlock.read($0, span: reader.keySpan(of: Self.retry), reading)
        }
        let deadline = reader.value(deadline)
        let limits = LimitNames.read(reader.value(limits), table, reading)
        // Without a target there is nothing to check further; why has been reported.
        guard !targets.isEmpty else { return nil }
        var route = RouteConfiguration(
            name: name?.value ?? match.model?.value ?? "*", model: match.model?.value,
            contentTypes: match.contentTypes, identities: (auth?.auth ?? standard ?? .none).kinds, targets: targets,
            fallback: rungs, deadline: deadline ?? standardDeadline, location: node.span.location)
        route.limits = limits
        route.retry = retry
        let span = match.model?.span ?? name?.span ?? node.span
        return Result(route: route, span: span, nameSpan: name?.span ?? span, auth: auth)
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

    /// Reports names that two routes share and routes that no request can reach.
    static func check(_ results: [Result], _ reading: Reading) {
        var names: [String: SourceLocation] = [:]
        let patterns = results.map { $0.route.model.map(NamePattern.init) }
        let types = results.map { $0.route.contentTypes.map(NamePattern.init) }
        for (index, result) in results.enumerated() {
            let route = result.route
            let earlier = results[..<index].indices.first { earlier in
                isCovered(patterns[index], by: patterns[earlier])
                    && areCovered(types[index], by: types[earlier])
            }
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

    private static func isCovered(_ pattern: NamePattern?, by earlier: NamePattern?) -> Bool {
        guard let earlier else { return true }
        return pattern.map { earlier.covers($0) } ?? false
    }

    private static func areCovered(_ types: [NamePattern], by earlier: [NamePattern]) -> Bool {
        if earlier.isEmpty { return true }
        return !types.isEmpty && types.allSatisfy { type in earlier.contains { $0.covers(type) } }
    }
}

/// `routes.match`.
enum MatchBlock {
    static let model = Key.optional(
        "model", ValueType.name(of: "model", .pattern, example: "vision/classify").placed,
        default: "any, and requests that name no model",
        "The model as clients name it; `*` stands for any characters.")
    static let contentType = Key.optional(
        "content_type", mediaType.placed.oneOrList(atMost: 16), default: "any",
        "Media types of the request; `*` stands for a whole half, as in `image/*`.")

    static let block = Block("routes.match", [model.description, contentType.description])

    struct Result {
        var model: Placed<String>?
        var contentTypes: [String] = []
    }

    /// `type/subtype` of RFC 9110, section 8.3.1, without parameters, in lower case; a half may be `*`.
    private static let mediaType = ValueType.parsed("a media type", example: "application/json") { text in
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        let isType =
            halves.count == 2 && text.utf8.count <= 128
            && halves.allSatisfy { half in
                half == "*"
                    || !half.isEmpty && half.utf8.allSatisfy { $0.isLetterOrDigit || "!#$&-^_.+".utf8.contains($0) }
            }
        return isType && !(halves[0] == "*" && halves[1] != "*") ? text.lowercased() : nil
    }

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> Result {
        guard let reader = MappingReader(node, block, name: "match", span: span, reading) else { return Result() }
        var result = Result(model: reader.value(model))
        for type in reader.value(contentType) ?? [] {
            if result.contentTypes.contains(type.value) {
                reading.error("media type \(quoted(type.value)) is named twice", at: type.span)
            } else {
                result.contentTypes.append(type.value)
            }
        }
        return result
    }
}
