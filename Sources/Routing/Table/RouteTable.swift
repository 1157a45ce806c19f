package import Configuration
package import Tensors

/// Finds the route of a request: the first in the file that takes both its model's name and its type of body.
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

    /// - Parameter previous: the table before a reload: routes that split alike go on where it stands.
    package init(_ configuration: GatewayConfiguration, previous: RouteTable? = nil) {
        let earlier = Dictionary(
            (previous?.routes ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var models: [String: (index: Int, timeout: Duration?)] = [:]
        for (index, model) in configuration.models.enumerated() { models[model.name] = (index, model.timeout) }
        let routes = configuration.routes.enumerated().map {
            Route($1, index: $0, models: models, previous: earlier[$1.name])
        }
        self.routes = routes
        let names = Set(routes.compactMap { $0.pattern?.isExact == true ? $0.pattern?.text : nil })
        byName = Dictionary(
            uniqueKeysWithValues: names.map { name in
                (name, routes.filter { $0.pattern?.matches(name) ?? true })
            })
        patterned = routes.filter { $0.pattern?.isExact != true }
        unnamed = routes.filter { $0.pattern == nil }
    }

    /// Finds the route of a request.
    ///
    /// - Parameters:
    ///   - model: the public name in the request; `nil` where it has none.
    ///   - contentType: the `Content-Type` value as received; `nil` where it is absent.
    /// - Throws: `model_not_found` where no route knows the name, `not_found` where the request has none and needs one,
    ///   `unsupported_media_type` where only the body's type is in the way.
    package func match(model: String?, contentType: String?) throws(SluiceError) -> Route {
        // Most routes take any body: the type is taken apart only for one that doesn't.
        var mediaType: String?
        var isParsed = false
        func takes(_ route: Route) -> Bool {
            if route.contentTypes.isEmpty { return true }
            if !isParsed {
                mediaType = contentType.map(ContentTypePattern.mediaType)
                isParsed = true
            }
            return route.takes(mediaType)
        }

        guard let model else {
            if let route = unnamed.first(where: takes) { return route }
            throw unnamed.isEmpty ? missingName() : unsupported(contentType, by: unnamed)
        }
        if let candidates = byName[model] {
            if let route = candidates.first(where: takes) { return route }
            throw unsupported(contentType, by: candidates)
        }
        var refusing: [Route] = []
        for route in patterned where route.pattern?.matches(model) ?? true {
            if takes(route) { return route }
            refusing.append(route)
        }
        throw refusing.isEmpty ? unknownModel(model) : unsupported(contentType, by: refusing)
    }

    /// The first route that serves a name, whatever type of body it takes; for listings and metadata.
    ///
    /// - Throws: `model_not_found`.
    package func match(name: String) throws(SluiceError) -> Route {
        if let route = (byName[name] ?? patterned).first(where: { $0.pattern?.matches(name) ?? true }) { return route }
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

    /// The error for a name that no route knows.
    package func unknownModel(_ name: String) -> SluiceError {
        let shown = Self.shortened(name)
        var message = "Request for unknown model: '\(shown)'"
        var detail = [SluiceError.Detail("model", shown)]
        if let near = NearestName.to(name, among: publicNames) {
            message += "; did you mean '\(near)'?"
            detail.append(.init("did_you_mean", near))
        }
        return SluiceError(.modelNotFound, message, detail: detail)
    }

    /// At most 200 scalars of what a client sent. Characters won't do: one may be of any length.
    private static func shortened(_ text: String) -> String {
        let start = String(text.unicodeScalars.prefix(200))
        return start.utf8.count < text.utf8.count ? start + "…" : start
    }

    private func missingName() -> SluiceError {
        SluiceError(
            .notFound,
            "this request names no model: name one in its path or in its body's \"model\"",
            detail: [.init("models", Array(publicNames.prefix(20)))])
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
