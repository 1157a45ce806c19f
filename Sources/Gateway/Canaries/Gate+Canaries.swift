internal import Configuration
internal import Logging
package import Routing
internal import Stores

extension Gate {
    /// Moves a route's canary by hand; `nil` goes back to what the file says.
    package func moveCanary(of route: Route, to share: Int?, by administrator: String) {
        guard let canary = route.canary else { return }
        canary.command(share)
        keepCanary(of: route)
        logger?.warning(
            "canary moved by hand",
            metadata: [
                "route": "\(route.name)", "share": "\(share.map { ShareText.text($0) } ?? "as in the file")",
                "administrator": "\(administrator)",
            ])
    }

    private func keepCanary(of route: Route) {
        guard let key = configuration.routes[route.index].canaryKey else { return }
        numbers?.keep(route.canary?.standing.commanded.map { UInt64($0) }, under: key)
    }

    /// The gate serves: of shares that were commanded, only those that hold in it are still worth keeping.
    func keepCanaries() {
        var shares: [String: UInt64] = [:]
        for (route, configuration) in zip(routes.routes, configuration.routes) {
            guard let key = configuration.canaryKey, let share = route.canary?.standing.commanded else { continue }
            shares[key] = UInt64(share)
        }
        numbers?.keepOnly(shares, beginningWith: RouteConfiguration.canaryPrefix)
    }

    /// The share of a route's canary that a command set in an earlier process.
    static func commandedShare(of route: RouteConfiguration, in numbers: KeptNumbers?) -> Int? {
        route.canaryKey.flatMap { numbers?.number($0) }.map { Int(clamping: $0) }
    }
}

extension RouteConfiguration {
    /// No subject of a quota begins so.
    fileprivate static let canaryPrefix = "canary:"

    /// Under what its canary's share is kept: another one where the file says something else of it, as a command is
    /// about what the file said.
    fileprivate var canaryKey: String? {
        canary.map { canary in
            let steps = canary.schedule.map { "\($0.at)=\($0.share)" }.joined(separator: ",")
            return "\(Self.canaryPrefix)\(name)/\(canary.share);\(steps)"
        }
    }
}
