internal import Configuration
internal import Routing
internal import Tensors

extension Explanation {
    /// The first route that takes it, and why those before it don't.
    mutating func explainRoute(_ table: RouteTable) throws(SluiceError) -> Route {
        let asked = RouteRequest(
            model: request.model, contentType: request.contentType,
            path: request.path ?? request.model.map { "/v1/infer/\($0)" } ?? "/v1/infer", fields: request.fields)
        var last: Route?
        var taken: Route?
        var outcome: Result<Route, SluiceError>
        repeat {
            outcome = Result { () throws(SluiceError) in
                try table.match(asked, behind: last) { route in callerMismatch(route) == nil }
            }
            last = try? outcome.get()
            if let last, inputMismatch(last) == nil { taken = last }
        } while last != nil && taken == nil
        for route in table.routes {
            if route === taken { break }
            add(.route, "\"\(route.name)\" doesn't take it: \(mismatch(route, asked))", at: route.location)
        }
        guard let route = taken else {
            return try outcome.get()
        }
        let pattern = route.pattern.map { "model \"\($0.text)\"" } ?? "every model"
        let types =
            route.contentTypes.isEmpty ? "any type of body" : route.contentTypes.map(\.text).joined(separator: ", ")
        let conditions = configuration.routes[route.index].conditions.isEmpty ? "" : ", and all else that it asks for"
        add(.route, "\"\(route.name)\" takes it: \(pattern), \(types)\(conditions)", at: route.location)
        return route
    }

    private func mismatch(_ route: Route, _ asked: RouteRequest) -> String {
        if let pattern = route.pattern {
            guard let model = request.model else {
                return "the request names no model, and it wants \"\(pattern.text)\""
            }
            if !pattern.matches(model) { return "\"\(model)\" isn't \"\(pattern.text)\"" }
        }
        if let mismatch = route.head?.mismatch(with: asked) { return mismatch }
        let takesType = route.contentTypes.contains { pattern in
            request.contentType.map { pattern.matches(ContentTypePattern.mediaType(of: $0)) } ?? false
        }
        if !route.contentTypes.isEmpty, !takesType {
            let types = route.contentTypes.map(\.text).joined(separator: ", ")
            return "\(request.contentType.map { "\"\($0)\"" } ?? "a body without a type") isn't \(types)"
        }
        return callerMismatch(route) ?? inputMismatch(route) ?? "an earlier one takes it"
    }

    /// What of the caller isn't as a route wants it.
    private func callerMismatch(_ route: Route) -> String? {
        guard let caller = route.caller else { return nil }
        guard let name = request.consumer else { return "nothing shows who calls" }
        let groups = configuration.consumers.first { $0.name == name }?.groups ?? []
        return caller.mismatch(consumer: name, groups: groups) { request.claims[$0].map { [$0] } ?? [] }
    }

    /// What of the inputs isn't as a route wants it, as far as anything is said of them.
    private func inputMismatch(_ route: Route) -> String? {
        guard !route.inputs.isEmpty else { return nil }
        guard let inputs = request.inputs else { return "it asks for certain inputs, and none are said" }
        for condition in route.inputs {
            guard let input = inputs.first(where: { $0.name == condition.name }) else {
                return "there is no input \"\(condition.name)\""
            }
            let mismatch = condition.mismatch(
                dataType: input.dataType, shape: input.shape, elements: Shape.elementCount(input.shape) ?? .max)
            if let mismatch { return mismatch }
        }
        return nil
    }

    /// Before each target, which part of the requests it gets.
    func parts(of route: RouteConfiguration, nowSeconds: Int64) -> [String] {
        let together =
            switch route.stickiness {
            case nil: ""
            case .consumer: ", by consumer"
            case .header(let name): ", by the header field \"\(name)\""
            }
        if let canary = route.canary {
            let share = CanaryShare(canary)
            let now = share.share(at: nowSeconds)
            let next = share.next(after: nowSeconds).map {
                ", \(ShareText.text($0.share)) from \(ConsumerConfiguration.Key.dateText($0.at)) on"
            }
            return [
                "\(ShareText.text(CanaryConfiguration.whole - now)) of requests\(together): ",
                "\(ShareText.text(now)) of requests\(together), as canary\(next ?? ""): ",
            ]
        }
        guard route.targets.count > 1 else { return [""] }
        let total = route.targets.reduce(0) { $0 + $1.weight }
        return route.targets.map { "\($0.weight) of \(total) requests\(together): " }
    }
}
