/// Whether every consumer of a file can act at all, on the routes of that file.
struct ConsumerUse {
    private let consumers: [ConsumerBlock.Result]
    private let routes: [RouteConfiguration]
    private let hasIssuers: Bool

    /// - Parameter hasIssuers: whether tokens may be somebody's.
    init(_ consumers: [ConsumerBlock.Result], routes: [RouteConfiguration], hasIssuers: Bool) {
        self.consumers = consumers
        self.routes = routes
        self.hasIssuers = hasIssuers
    }

    /// `auth` is the place that asks for keys, where one does.
    func check(auth: SourceSpan, _ reading: Reading) {
        let asksForKeys = routes.contains { $0.requiresKey }
        let asksNobody = routes.contains { !$0.requiresKey }
        for result in consumers {
            let isAnonymous = result.consumer.name == ConsumerConfiguration.anonymous
            if isAnonymous, !asksNobody {
                reading.error(
                    "consumer \"anonymous\" is never used: every route asks for a key", at: result.span,
                    "remove it, or write auth: none at a route")
            } else if !isAnonymous, !asksForKeys {
                reading.error(
                    "consumer \(quoted(result.consumer.name)) is never used: no route asks for a key", at: result.span,
                    "write auth: api_keys, or remove it")
            }
        }
        if asksForKeys, !hasIssuers,
            !consumers.contains(where: { $0.consumer.name != ConsumerConfiguration.anonymous }),
            let route = routes.first(where: \.requiresKey)
        {
            reading.warning(
                "no consumer has a key, so route \(quoted(route.name)) refuses every request", at: auth,
                "add one under consumers")
        }
    }
}
