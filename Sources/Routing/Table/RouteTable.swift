package import Configuration
package import Tensors

/// Finds the route of a request: the first in the file all of whose conditions hold.
///
/// For each name that the file spells out, the routes that could take it are listed beforehand, patterns included; so a
/// known name costs one hash look-up. Patterns are tried only for names that the file doesn't spell out.
package struct RouteTable: Sendable {
    /// All routes, in the order of the file.
    package let routes: [Route]
    /// For each name spelt out: the routes that match it, in the order of the file.
    private let byName: [String: [Route]]
    /// Routes of patterns and those without, for all other names, in the order of the file.
    private let patterned: [Route]
    /// Routes that take requests without a model's name, in the order of the file.
    private let unnamed: [Route]
    /// The header fields that any route looks at, in lower case.
    package let fieldNames: Set<String>

    /// - Parameters:
    ///   - previous: the table before a reload: routes that split alike go on where it stands.
    ///   - commanded: the share of a route's canary that a command set in an earlier process.
    package init(
        _ configuration: GatewayConfiguration, previous: RouteTable? = nil,
        commanded: (RouteConfiguration) -> Int? = { _ in nil }
    ) {
        let earlier = Dictionary(
            (previous?.routes ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var models: [String: (index: Int, timeout: Duration?)] = [:]
        for (index, model) in configuration.models.enumerated() { models[model.name] = (index, model.timeout) }
        let routes = configuration.routes.enumerated().map {
            Route($1, index: $0, models: models, previous: earlier[$1.name], commanded: commanded($1))
        }
        self.routes = routes
        let names = Set(routes.compactMap { $0.pattern?.isExact == true ? $0.pattern?.text : nil })
        byName = Dictionary(
            uniqueKeysWithValues: names.map { name in
                (name, routes.filter { $0.pattern?.matches(name) ?? true })
            })
        patterned = routes.filter { $0.pattern?.isExact != true }
        unnamed = routes.filter { $0.pattern == nil }
        fieldNames = Set(
            configuration.routes.flatMap { route -> [String] in
                var names = route.conditions.headers.map(\.name)
                if case .header(let name) = route.stickiness { names.append(name) }
                return names
            })
    }

    /// Finds the route of a request of which nothing else is known; nobody calls.
    package func match(model: String?, contentType: String?) throws(SluiceError) -> Route {
        try match(RouteRequest(model: model, contentType: contentType)) { _ in false }
    }

    /// Finds the route of a request.
    ///
    /// - Parameters:
    ///   - last: the route that turned out not to take it, where the search goes on behind one.
    ///   - shows: which models an error may name.
    ///   - isCaller: whether the caller is one that a route asks for.
    /// - Throws: `model_not_found` where no route knows the name, or none takes the request otherwise; `not_found` where the
    ///   request has no name and needs one; `unsupported_media_type` where only the body's type is in the way; what
    ///   `isCaller` throws.
    package func match(
        _ request: RouteRequest, behind last: Route? = nil, showing shows: (String) -> Bool = { _ in true },
        isCaller: (Route) throws(SluiceError) -> Bool
    ) throws(SluiceError) -> Route {
        // Most routes take any body: the type is taken apart only for one that doesn't.
        var mediaType: String?
        var isParsed = false
        var refusing: [Route] = []
        var isKnown = false
        let first = last.map { $0.index + 1 } ?? 0
        func takes(_ route: Route) throws(SluiceError) -> Bool {
            guard route.index >= first else { return false }
            // Whom a route isn't for must not learn from an error that it is there.
            if route.caller == nil { isKnown = true }
            if let head = route.head, !head.holds(for: request) { return false }
            if !route.contentTypes.isEmpty {
                if !isParsed {
                    mediaType = request.contentType.map(ContentTypePattern.mediaType)
                    isParsed = true
                }
                guard route.takes(mediaType) else {
                    if route.caller == nil { refusing.append(route) }
                    return false
                }
            }
            return route.caller == nil ? true : try isCaller(route)
        }

        let named = request.model.flatMap { byName[$0] }
        for route in named ?? (request.model == nil ? unnamed : patterned) {
            if named == nil, let model = request.model, route.pattern?.matches(model) == false { continue }
            if try takes(route) { return route }
        }
        if !refusing.isEmpty { throw unsupported(request.contentType, by: refusing) }
        guard let model = request.model else { throw missingName(showing: shows) }
        throw isKnown ? nothingFits(model) : unknownModel(model, showing: shows)
    }

    /// The first route that serves a name, whatever else it asks of requests; for listings and metadata.
    ///
    /// - Parameter isCaller: whether the caller is one that a route asks for.
    /// - Throws: `model_not_found`.
    package func match(name: String, isCaller: (Route) -> Bool = { _ in true }) throws(SluiceError) -> Route {
        for route in byName[name] ?? patterned where route.pattern?.matches(name) ?? true {
            if route.caller == nil || isCaller(route) { return route }
        }
        throw unknownModel(name)
    }

    /// Every public name that the file spells out, in the order of the file, each once.
    package var publicNames: [String] {
        var seen: Set<String> = []
        return routes.compactMap { route in
            guard let pattern = route.pattern, pattern.isExact, seen.insert(pattern.text).inserted else { return nil }
            return pattern.text
        }
    }

    /// For each model by its place, how old the oldest answer may be that a route still gives; 0 where none does.
    package func oldestAnswers(count: Int) -> [UInt64] {
        var bounds = [UInt64](repeating: 0, count: count)
        for route in routes {
            for rung in route.fallback {
                guard case .stale(let age) = rung.action else { continue }
                for model in route.models { bounds[model.index] = max(bounds[model.index], age) }
            }
        }
        return bounds
    }

    /// The error for a name that no route knows.
    ///
    /// - Parameter shows: which names may be suggested.
    package func unknownModel(_ name: String, showing shows: (String) -> Bool = { _ in true }) -> SluiceError {
        let shown = Self.shortened(name)
        var message = "Request for unknown model: '\(shown)'"
        var detail = [SluiceError.Detail("model", shown)]
        if let near = NearestName.to(name, among: publicNames.filter(shows)) {
            message += "; did you mean '\(near)'?"
            detail.append(.init("did_you_mean", near))
        }
        return SluiceError(.modelNotFound, message, detail: detail)
    }

    /// The error for a name that routes know, all of which ask for something else besides.
    private func nothingFits(_ model: String) -> SluiceError {
        let shown = Self.shortened(model)
        return SluiceError(
            .modelNotFound, "no route takes this request for model '\(shown)'", detail: [.init("model", shown)])
    }

    /// At most 200 scalars of what a client sent. Characters won't do: one may be of any length.
    private static func shortened(_ text: String) -> String {
        let start = String(text.unicodeScalars.prefix(200))
        return start.utf8.count < text.utf8.count ? start + "…" : start
    }

    /// The error for a request that names no model where one is needed.
    package func missingName(showing shows: (String) -> Bool = { _ in true }) -> SluiceError {
        SluiceError(
            .notFound,
            "this request names no model: name one in its path or in its body's \"model\"",
            detail: [.init("models", Array(publicNames.lazy.filter(shows).prefix(20)))])
    }

    private func unsupported(_ contentType: String?, by routes: [Route]) -> SluiceError {
        var seen: Set<String> = []
        let accepted = routes.flatMap { $0.contentTypes.map(\.text) }.filter { seen.insert($0).inserted }
        let got =
            if let contentType {
                "bodies of type \"\(Self.shortened(ContentTypePattern.mediaType(of: contentType)))\""
            } else {
                "a body without a Content-Type"
            }
        return SluiceError(
            .unsupportedMediaType, "no route takes \(got) here; it takes \(accepted.joined(separator: ", "))",
            detail: [.init("accepted", accepted)])
    }
}
