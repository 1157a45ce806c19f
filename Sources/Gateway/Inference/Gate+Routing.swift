internal import Configuration
package import Policies
package import Routing
package import Tensors

extension Gate {
    /// The route of a request, and who makes it.
    ///
    /// A caller without a valid key learns nothing of which models there are, where keys are asked for. Who shows something
    /// that doesn't hold is refused by the first route that would have to look at it; who shows nothing, or nothing of the
    /// kind, passes that route by.
    ///
    /// - Parameter last: the route that turned out not to take the request, where the search goes on behind one.
    package func route(
        _ request: RouteRequest, behind last: Route? = nil, credentials: Credentials, nowSeconds: Int64
    ) throws(SluiceError) -> (Route, Principal) {
        // Found out once, if at all, however many routes ask for it.
        var known: (kinds: IdentityKinds, principal: Principal)?
        var isRefused = false
        let route: Route
        do throws(SluiceError) {
            route = try routes.match(request, behind: last) { (route) throws(SluiceError) in
                guard credentials.proof.isTaken(by: route.identities) else { return false }
                if let known, known.kinds == route.identities { return isCaller(known.principal, of: route) }
                do throws(SluiceError) {
                    let principal = try policies.identify(
                        credentials, kinds: route.identities, nowSeconds: nowSeconds)
                    known = (route.identities, principal)
                    return isCaller(principal, of: route)
                } catch {
                    isRefused = true
                    throw error
                }
            }
        } catch {
            if isRefused { throw error }
            let principal: Principal
            if let known {
                principal = known.principal
            } else {
                principal = try policies.identify(credentials, kinds: identities, nowSeconds: nowSeconds)
            }
            throw unrouted(request, behind: last, error, to: principal, at: credentials.place)
        }
        if let known, known.kinds == route.identities { return (route, known.principal) }
        if credentials.proof.isForeign(to: route.identities) {
            try checkKnowledge(of: request.model ?? route.name, credentials, nowSeconds: nowSeconds)
        }
        return (route, try policies.identify(credentials, kinds: route.identities, nowSeconds: nowSeconds))
    }

    /// Checks that somebody may know of a model that takes nothing of what they show: to be told so would tell them that
    /// it is there.
    ///
    /// - Throws: what they would be told were there no such model.
    private func checkKnowledge(
        of model: String, _ credentials: Credentials, nowSeconds: Int64
    ) throws(SluiceError) {
        let principal = try policies.identify(credentials, kinds: identities, nowSeconds: nowSeconds)
        let shows = { (name: String) in principal.maySee(name, at: credentials.place) }
        guard shows(model) else { throw routes.unknownModel(model, showing: shows) }
    }

    /// Whether a principal is one that a route asks for.
    func isCaller(_ principal: Principal, of route: Route) -> Bool {
        guard let caller = route.caller else { return true }
        return caller.holds(consumer: principal.name, groups: groups[principal.name] ?? []) {
            principal.claims[path: $0]?.words ?? []
        }
    }

    /// What keeps a request on one model of its route's split; `nil` where nothing does.
    func stickyKey(of request: RouteRequest, _ consumer: Consumer, on route: Route) -> UInt64? {
        switch route.stickiness {
        case nil: nil
        case .consumer: StickyKey.hash(consumer.name)
        case .header(let name): request.fields[name].map(StickyKey.hash)
        }
    }
}

extension Credentials.Proof {
    /// Whether it is of a kind that is taken.
    func isTaken(by kinds: IdentityKinds) -> Bool {
        switch self {
        case .absent: false
        case .tooLong: !kinds.isEmpty
        case .key: kinds.contains(.apiKeys)
        case .token: kinds.contains(.tokens)
        case .certificate: kinds.contains(.certificates)
        }
    }

    /// Whether something is shown where only something else is taken.
    func isForeign(to kinds: IdentityKinds) -> Bool {
        switch self {
        case .absent: false
        default: !kinds.isEmpty && !isTaken(by: kinds)
        }
    }
}
