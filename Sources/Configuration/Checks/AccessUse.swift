/// Whether every rule of access can ever hold.
struct AccessUse {
    /// Whom a rule is for, as far as checks need it.
    private struct Scope {
        /// As messages call it.
        var owner: String
        var consumers: [String]
        var rules: [AccessRuleBlock.Result]
        /// Rules of others that deny what these allow.
        var denials: [AccessRuleBlock.Result]
    }

    private let scopes: [Scope]
    private let routeNames: [String]?
    private let models: [String]
    private let listeners: [ListenerConfiguration]
    private let issuers: [IssuerConfiguration]
    private let hasAdministrators: Bool

    init(
        consumers: [ConsumerBlock.Result], groups: [GroupBlock.Result], denied: [AccessRuleBlock.Result],
        routes: [RouteConfiguration], models: [String], listeners: [ListenerConfiguration],
        issuers: [IssuerConfiguration], hasAdministrators: Bool
    ) {
        var scopes = [Scope(owner: "anybody", consumers: consumers.map(\.consumer.name), rules: denied, denials: [])]
        for result in groups {
            let members = consumers.filter { $0.consumer.groups.contains(result.group.name) }.map(\.consumer.name)
            let denials = result.rules.filter(\.isDeny) + denied
            scopes.append(
                Scope(
                    owner: "group \(quoted(result.group.name))", consumers: members, rules: result.rules,
                    denials: denials))
        }
        for result in consumers {
            let own = groups.filter { result.consumer.groups.contains($0.group.name) }.flatMap(\.rules)
            let denials = (result.rules + own).filter(\.isDeny) + denied
            scopes.append(
                Scope(
                    owner: "consumer \(quoted(result.consumer.name))", consumers: [result.consumer.name],
                    rules: result.rules, denials: denials))
        }
        self.scopes = scopes
        // A route without a pattern takes any name.
        let names = routes.compactMap(\.model)
        routeNames = names.count == routes.count ? names : nil
        self.models = models
        self.listeners = listeners
        self.issuers = issuers
        self.hasAdministrators = hasAdministrators
    }

    func check(_ reading: Reading) {
        var patterns = PatternUse(routeNames: routeNames, models: models)
        for scope in scopes {
            for rule in scope.rules {
                patterns.check(rule, reading)
                checkOperations(rule, of: scope, reading)
                checkListeners(rule, reading)
                checkAddresses(rule, reading)
                checkClaims(rule, of: scope, reading)
                if !rule.isDeny { checkDenials(of: rule, by: scope.denials, reading) }
            }
        }
    }

    private func checkOperations(_ rule: AccessRuleBlock.Result, of scope: Scope, _ reading: Reading) {
        for operation in rule.operations where operation.value.isAdministrative {
            let word = operation.value.rawValue
            if !listeners.contains(where: operation.value.isServed) {
                reading.error(
                    "\(word) is never asked for: no listener serves admin" + (word == "load" ? " or repository" : ""),
                    at: operation.span, "write serves: [admin] at one of them")
            } else if !hasAdministrators {
                reading.error(
                    "without admin.keys whoever is on this machine may \(word), and this rule changes nothing",
                    at: operation.span, "write admin: { keys: [{ id: ops, hash: \"sha256:…\" }] }")
            } else if !rule.isDeny, scope.consumers == [ConsumerConfiguration.anonymous] {
                reading.error(
                    "consumer \"anonymous\" can't be allowed to \(word)", at: operation.span,
                    "whoever changes the gateway proves who they are")
            }
            if operation.value == .admin, !rule.rule.models.contains(where: { NamePattern($0).matchesEverything }) {
                reading.error(
                    "admin is about no model, so this rule says nothing of it", at: operation.span,
                    "write a rule with models: [\"*\"] for it")
            }
        }
    }

    private func checkListeners(_ rule: AccessRuleBlock.Result, _ reading: Reading) {
        for name in rule.listeners {
            guard let listener = listeners.first(where: { $0.name == name.value }),
                !rule.rule.operations.contains(where: { $0.isServed(by: listener) })
            else { continue }
            let served = listener.serves.map(\.rawValue).sorted().joined(separator: ", ")
            reading.error(
                "listener \(quoted(name.value)) serves \(served), so this rule never holds there: it is about "
                    + rule.rule.operations.words.joined(separator: ", "), at: name.span)
        }
    }

    /// Doubts addresses that nobody has who can reach a listener.
    private func checkAddresses(_ rule: AccessRuleBlock.Result, _ reading: Reading) {
        guard let first = rule.from.first, !listeners.isEmpty,
            listeners.allSatisfy({ AddressText.isLoopback($0.host) })
        else { return }
        let local = ["127.0.0.1", "::1"].compactMap { NetworkAddress($0) }
        guard !rule.from.contains(where: { range in local.contains(where: range.value.contains) }) else { return }
        reading.warning(
            "nobody comes from \(first.value.text): every listener can be reached from this machine alone",
            at: first.span)
    }

    private func checkClaims(_ rule: AccessRuleBlock.Result, of scope: Scope, _ reading: Reading) {
        guard let span = rule.claims, !scope.consumers.isEmpty || issuers.isEmpty,
            !scope.consumers.contains(where: { name in issuers.contains { $0.owner.canBe(name) } })
        else { return }
        reading.error(
            "claims never hold: no issuer's tokens are those of \(scope.owner)", at: span,
            "remove them, or name an issuer's consumer")
    }

    /// Reports what is allowed by one line and wholly denied by another.
    private func checkDenials(
        of rule: AccessRuleBlock.Result, by denials: [AccessRuleBlock.Result], _ reading: Reading
    ) {
        for model in rule.models {
            let pattern = NamePattern(model.value)
            let denial = denials.first { denial in
                denial.rule.isUnconditional && denial.rule.operations.isSuperset(of: rule.rule.operations)
                    && denial.rule.models.contains { NamePattern($0).covers(pattern) }
            }
            guard let denial else { continue }
            reading.error(
                "\(quoted(model.value)) is never allowed: line \(denial.span.location.line) denies it", at: model.span,
                "remove one of them")
        }
    }
}

/// Whether there is any model that a pattern means; each is looked for once, however many rules have it.
private struct PatternUse {
    private let routeNames: [String]?
    private let models: [String]
    private let routePatterns: [NamePattern]
    private var known: [String: Bool] = [:]

    init(routeNames: [String]?, models: [String]) {
        self.routeNames = routeNames
        self.models = models
        routePatterns = (routeNames ?? []).map(NamePattern.init)
    }

    mutating func check(_ rule: AccessRuleBlock.Result, _ reading: Reading) {
        let operations = rule.rule.operations
        let isOfRoutes = !operations.isDisjoint(with: AccessOperation.standard)
        if isOfRoutes, routeNames == nil { return }
        let isOfModels = operations.contains(.learn) || operations.contains(.load)
        for model in rule.models {
            let key = "\(isOfRoutes)\(isOfModels)\(model.value)"
            let means = known[key] ?? means(NamePattern(model.value), isOfRoutes: isOfRoutes, isOfModels: isOfModels)
            known[key] = means
            guard !means else { continue }
            let names = (isOfRoutes ? routeNames ?? [] : []) + (isOfModels ? models : [])
            let missing = isOfRoutes ? "no route has such a model" : "there is no such model"
            let advice = Suggestion.text(
                for: model.value, in: names, label: isOfRoutes ? "models of routes" : "known models")
            if rule.isDeny {
                reading.error("\(quoted(model.value)) denies nothing: \(missing)", at: model.span, advice)
            } else {
                reading.warning("\(quoted(model.value)) allows nothing: \(missing)", at: model.span, advice)
            }
        }
    }

    private func means(_ pattern: NamePattern, isOfRoutes: Bool, isOfModels: Bool) -> Bool {
        if pattern.matchesEverything { return true }
        return isOfRoutes && routePatterns.contains { $0.overlaps(pattern) }
            || isOfModels && models.contains { pattern.matches($0) }
    }
}
