/// Whether requests can get to a route at all, given those before it.
struct RouteReach {
    private let route: RouteConfiguration
    private let model: NamePattern?
    private let types: [NamePattern]
    private let paths: [NamePattern]

    init(_ route: RouteConfiguration) {
        self.route = route
        model = route.model.map(NamePattern.init)
        types = route.contentTypes.map(NamePattern.init)
        paths = route.conditions.paths.map(NamePattern.init)
    }

    /// Whether `earlier` takes every request that this route would take.
    func isCovered(by earlier: RouteReach) -> Bool {
        let (mine, theirs) = (route.conditions, earlier.route.conditions)
        guard Self.isCovered(model, by: earlier.model), Self.areCovered(types, by: earlier.types) else { return false }
        if theirs.isEmpty { return true }
        return Self.areCovered(paths, by: earlier.paths) && Self.areCovered(mine.headers, by: theirs.headers)
            && isCallerCovered(by: earlier) && Self.areCovered(mine.inputs, by: theirs.inputs)
    }

    private static func isCovered(_ pattern: NamePattern?, by earlier: NamePattern?) -> Bool {
        guard let earlier else { return true }
        return pattern.map { earlier.covers($0) } ?? false
    }

    /// Of each list one must fit; an empty one takes all.
    private static func areCovered(_ patterns: [NamePattern], by earlier: [NamePattern]) -> Bool {
        if earlier.isEmpty { return true }
        return !patterns.isEmpty && patterns.allSatisfy { pattern in earlier.contains { $0.covers(pattern) } }
    }

    /// All that is named must be there.
    private static func areCovered(
        _ named: [RouteConditions.Named], by earlier: [RouteConditions.Named]
    ) -> Bool {
        earlier.allSatisfy { wanted in
            named.contains {
                $0.name == wanted.name
                    && areCovered($0.patterns.map(NamePattern.init), by: wanted.patterns.map(NamePattern.init))
            }
        }
    }

    private func isCallerCovered(by earlier: RouteReach) -> Bool {
        let (mine, theirs) = (route.conditions, earlier.route.conditions)
        guard theirs.asksWho else { return true }
        // Who shows what the earlier route doesn't take passes it by.
        guard earlier.route.identities.isSuperset(of: route.identities) else { return false }
        if !theirs.consumers.isEmpty || !theirs.groups.isEmpty {
            guard !mine.consumers.isEmpty || !mine.groups.isEmpty,
                mine.consumers.allSatisfy(theirs.consumers.contains), mine.groups.allSatisfy(theirs.groups.contains)
            else { return false }
        }
        return Self.areCovered(mine.claims, by: theirs.claims)
    }

    private static func areCovered(_ inputs: [RouteConditions.Input], by earlier: [RouteConditions.Input]) -> Bool {
        earlier.allSatisfy { wanted in inputs.contains { $0.name == wanted.name && isCovered($0, by: wanted) } }
    }

    private static func isCovered(_ input: RouteConditions.Input, by wanted: RouteConditions.Input) -> Bool {
        if !wanted.dataTypes.isEmpty {
            guard !input.dataTypes.isEmpty, input.dataTypes.allSatisfy(wanted.dataTypes.contains) else { return false }
        }
        if let shape = wanted.shape {
            guard let mine = input.shape, mine.count == shape.count,
                zip(mine, shape).allSatisfy({ $1 < 0 || $0 == $1 })
            else { return false }
        }
        if let least = wanted.minElements { guard let mine = input.minElements, mine >= least else { return false } }
        if let most = wanted.maxElements { guard let mine = input.maxElements, mine <= most else { return false } }
        return true
    }
}
