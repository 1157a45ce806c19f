internal import Configuration
internal import PluginHost
internal import Routing

/// Whether what models of a route answer can be held against what its shadow does.
enum ShadowFit {
    /// One error for each route with a shadow one of whose models keeps state for sequences. Models that aren't loaded may
    /// do anything.
    static func diagnostics(_ routes: [Route], models: [ModelRuntime]) -> [Diagnostic] {
        routes.compactMap { route in
            guard let shadow = route.shadow,
                let keeper = (route.models + [shadow]).first(where: {
                    models[$0.index].loaded?.description.keepsSequences == true
                })
            else { return nil }
            return Diagnostic(
                severity: .error,
                message: """
                    route "\(route.name)": model "\(keeper.name)" keeps state from one request of a sequence to the next, and a \
                    shadow, which may leave requests out, would answer from another state; leave shadow out
                    """, location: shadow.location, length: shadow.name.count)
        }
    }
}
