/// `routes.match`.
enum MatchBlock {
    static let model = Key.optional(
        "model", ValueType.name(of: "model", .pattern, example: "vision/classify").placed,
        default: "any, and requests that name no model",
        "The model as clients name it; `*` stands for any characters.")
    static let contentType = Key.optional(
        "content_type", mediaType.placed.oneOrList(atMost: 16), default: "any",
        "Media types of the request; `*` stands for a whole half, as in `image/*`.")
    static let path = Key.optional(
        "path", pathType.placed.oneOrList(atMost: 16), default: "any",
        "Paths of the request, or gRPC methods; `*` stands for any characters, as in `/v2/*`.")
    static let headers = Key.optional(
        "headers", ValueType.named("header field", atMost: 16, names: .text, items: Self.texts), default: "any",
        "Header fields that must be there, and what they say: a text or a list, `*` stands for any characters.")
    static let claims = Key.optional(
        "claims", ValueType.named("claim", atMost: 16, names: .text, items: Self.texts), default: "any",
        "Claims of the caller's token, and what they say, as with `headers`; a dot leads into a claim.")
    static let consumers = Key.optional(
        "consumers", ValueType.name(of: "consumer", example: "acme").placed.oneOrList(), default: "any",
        "Entries of `consumers`: the caller must be one of them, or in one of the `groups`.")
    static let groups = Key.optional(
        "groups", ValueType.name(of: "group", example: "research").placed.oneOrList(), default: "any",
        "Entries of `groups`: the caller must be in one of them, or be one of the `consumers`.")
    static let inputs = Key.optional(
        "inputs", ValueType.named("input", atMost: 16, names: .text), default: "any",
        "What the inputs must be like, once the body has been read.")

    private static let texts = ValueForm.either([.text, .list(.text, atMost: Bounds.items)])

    static let block = Block(
        "routes.match",
        [
            model.description, contentType.description, path.description, headers.description, claims.description,
            consumers.description, groups.description, inputs.description,
        ])

    struct Result {
        var model: Placed<String>?
        var contentTypes: [String] = []
        var conditions = RouteConditions()
        /// Where callers, their claims and header fields are asked for, if they are.
        var caller: SourceSpan?
        var claims: SourceSpan?
        var headers: SourceSpan?
    }

    /// The names that routes can name.
    struct Names {
        var consumers: NameTable
        var groups: NameTable
        var redactions: NameTable
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

    private static let pathType = ValueType.parsed("a path", example: "/v2/*") { text in
        text.hasPrefix("/") && text.utf8.count <= 512 && !text.contains("?") ? text : nil
    }

    private static let valuePattern = ValueType.text("a text", example: "beta").oneOrList(atMost: 64)

    /// Where inference is asked for, as patterns.
    private static let inferencePaths = [
        "/v1/infer", "/v1/infer/*", "/v1/stream/*", "/v1/embeddings", "/v1/completions", "/v1/chat/completions",
        "/v2/models/*/infer", "/v2/models/*/generate", "/v2/models/*/generate_stream",
        "/inference.GRPCInferenceService/ModelInfer", "/inference.GRPCInferenceService/ModelStreamInfer",
    ].map(NamePattern.init)

    static func read(_ node: YAMLNode, span: SourceSpan, names: Names, _ reading: Reading) -> Result {
        guard let reader = MappingReader(node, block, name: "match", span: span, reading) else { return Result() }
        var result = Result(model: reader.value(model))
        for type in reader.value(contentType) ?? [] {
            if result.contentTypes.contains(type.value) {
                reading.error("media type \(quoted(type.value)) is named twice", at: type.span)
            } else {
                result.contentTypes.append(type.value)
            }
        }
        result.conditions.paths = readPaths(reader.value(path) ?? [], reading)
        result.conditions.headers = (reader.value(headers) ?? []).compactMap { entry in
            guard let name = HeaderNameText.parse(entry.name) else {
                reading.error(
                    "\(quoted(entry.name)) can't be a header field that routes look at", at: entry.span,
                    "write e.g. x-tenant; fields that hold secrets can't be matched")
                return nil
            }
            return readNamed(entry, as: name, reading)
        }
        result.conditions.claims = (reader.value(claims) ?? []).compactMap { readNamed($0, as: $0.name, reading) }
        result.conditions.consumers = use(reader.value(consumers), names.consumers, reading)
        result.conditions.groups = use(reader.value(groups), names.groups, reading)
        result.conditions.inputs = (reader.value(inputs) ?? []).compactMap { InputMatchBlock.read($0, reading) }
        if reader.has(headers) { result.headers = reader.keySpan(of: headers) }
        if reader.has(claims) { result.claims = reader.keySpan(of: claims) }
        result.caller =
            reader.has(consumers)
            ? reader.keySpan(of: consumers) : reader.has(groups) ? reader.keySpan(of: groups) : nil
        return result
    }

    private static func readPaths(_ paths: [Placed<String>], _ reading: Reading) -> [String] {
        for path in paths {
            let pattern = NamePattern(path.value)
            guard !inferencePaths.contains(where: { $0.overlaps(pattern) }) else { continue }
            reading.error(
                "no request for inference has the path \(quoted(path.value))", at: path.span,
                "e.g. /v1/infer/*, /v1/chat/completions, /v2/*")
        }
        return paths.map(\.value)
    }

    private static func readNamed(_ entry: NamedNode, as name: String, _ reading: Reading) -> RouteConditions.Named? {
        valuePattern.read(entry.node, entry.name, reading).map { RouteConditions.Named(name, $0) }
    }

    static func use(_ names: [Placed<String>]?, _ table: NameTable, _ reading: Reading) -> [String] {
        var seen: Set<String> = []
        for name in names ?? [] {
            table.use(name.value, at: name.span, reading)
            if !seen.insert(name.value).inserted {
                reading.error("\(table.thing) \(quoted(name.value)) is named twice", at: name.span)
            }
        }
        return (names ?? []).map(\.value)
    }
}

/// `routes.match.inputs.INPUT`.
enum InputMatchBlock {
    static let datatype = Key.optional(
        "datatype", ValueType<ElementType>.choice.oneOrList(), default: "any", "Its data type.")
    static let shape = Key.optional(
        "shape", ValueType.integer(-1...Int(Int32.max), example: "-1").list(atMost: 32), default: "any",
        "Its shape; -1 stands for any number.")
    static let minElements = Key.optional(
        "min_elements", ValueType.integer(0...1 << 40, example: "1").placed, "The fewest elements that it may have.")
    static let maxElements = Key.optional(
        "max_elements", ValueType.integer(0...1 << 40, example: "1000"), "The most elements that it may have.")

    static let block = Block(
        "routes.match.inputs.INPUT",
        [datatype.description, shape.description, minElements.description, maxElements.description])

    static func read(_ entry: NamedNode, _ reading: Reading) -> RouteConditions.Input? {
        let name = "input \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        var input = RouteConditions.Input(entry.name)
        input.dataTypes = (reader.value(datatype) ?? []).map(\.rawValue)
        input.shape = reader.value(shape)
        let least = reader.value(minElements)
        input.minElements = least?.value
        input.maxElements = reader.value(maxElements)
        if let least, let most = input.maxElements, least.value > most {
            reading.error(
                "min_elements is \(least.value), but max_elements is \(most)", at: least.span,
                "no input can be both")
        }
        return input
    }
}
