internal import Configuration
internal import Policies
internal import Routing
internal import Tensors

extension Inference {
    /// - Parameter last: the route that turned out not to take the request.
    func findRoute(behind last: Route? = nil) throws(SluiceError) {
        let now = Int64(WallClock.secondsSince1970)
        let (route, principal) = try gate.route(
            request.routing, behind: last, credentials: request.credentials, nowSeconds: now)
        self.route = route
        consumer = principal.consumer
        summary.route = route.name
        summary.consumer = principal.name
        try gate.authorize(
            principal, .infer, model: request.model ?? route.name, at: request.credentials.place, nowSeconds: now)
    }

    /// Where requests are kept together, the model of this one's kind.
    func firstModel(of route: Route) -> Route.Model? {
        guard route.stickiness != nil || route.canary != nil, let consumer else { return nil }
        return route.nextTarget(
            key: gate.stickyKey(of: request.routing, consumer, on: route), at: Int64(WallClock.secondsSince1970))
    }

    /// The first route from `route` on that takes these inputs, each decoded as its own model takes them.
    ///
    /// - Throws: where no further route takes the request, what was in the way at the last one.
    func settleRoute(
        _ route: Route, _ decode: (ModelSignature) throws(SluiceError) -> Envelope
    ) throws(SluiceError) -> Route {
        var route = route
        while !route.inputs.isEmpty {
            var obstacle: SluiceError
            do throws(SluiceError) {
                let signature = try signature(of: route, first: route.targets[0])
                guard let mismatch = route.mismatch(with: try decode(signature).inputs) else { return route }
                obstacle = SluiceError(
                    .invalidInput, "no route takes these inputs: for \"\(route.name)\" \(mismatch)",
                    detail: [.init("route", route.name)])
            } catch {
                obstacle = error
            }
            do throws(SluiceError) {
                try findRoute(behind: route)
            } catch  where error.code == .modelNotFound || error.code == .notFound {
                throw obstacle
            }
            guard let next = self.route else { throw obstacle }
            route = next
        }
        return route
    }

    func signature(of route: Route, first target: Route.Model) throws(SluiceError) -> ModelSignature {
        let first = gate.models[target.index]
        if let version = request.version, version != first.version {
            throw Gate.unknownVersion(version, of: request.model ?? "", first)
        }
        guard let signature = gate.signature(of: route, first: first) else {
            throw SluiceError(
                .modelUnavailable, "model \"\(first.name)\" is not available", detail: [.init("model", first.name)])
        }
        return signature
    }
}
