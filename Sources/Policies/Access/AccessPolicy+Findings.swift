package import Configuration

extension AccessPolicy {
    /// What one rule has to say of a request, for people.
    package struct Finding: Sendable {
        package var rule: AccessRule
        package var isDeny: Bool
        /// Why it says nothing, in words; `nil` where it holds.
        package var obstacle: String?
    }

    /// What each rule says that is about the model, in the order of the file; those that deny come last.
    package func findings(
        _ operation: AccessOperation, model: String?, place: AccessPlace, principal: Principal, nowSeconds: Int64
    ) -> [Finding] {
        rules.filter { model.map($0.models.allow) ?? $0.models.allowsEverything }.map { rule in
            Finding(
                rule: rule.rule, isDeny: rule.isDeny,
                obstacle: obstacle(of: rule, operation, place, principal, nowSeconds).map { rule.words(for: $0, place) }
            )
        }
    }

    private func obstacle(
        of rule: CompiledRule, _ operation: AccessOperation, _ place: AccessPlace, _ principal: Principal,
        _ nowSeconds: Int64
    ) -> CompiledRule.Obstacle? {
        if !rule.operations.contains(operation) { return .operation }
        if let obstacle = rule.obstacle(place, claims: principal.heldClaims) { return obstacle }
        return operation == .metadata || rule.isNow(nowSeconds) ? nil : .hours
    }
}

extension CompiledRule {
    fileprivate func words(for obstacle: Obstacle, _ place: AccessPlace) -> String {
        switch obstacle {
        case .operation: "is about \(rule.operations.words.joined(separator: ", "))"
        case .listener: "is for listener \(rule.listeners.map { "\"\($0)\"" }.joined(separator: ", "))"
        case .address: "is for addresses in \(rule.addresses.map(\.text).joined(separator: ", "))"
        case .claims: "is for tokens with \(rule.claims.map(\.text).joined(separator: " and "))"
        case .hours: "is for other hours"
        }
    }
}

extension AccessRule.Claim {
    fileprivate var text: String { "\(name): \(values.joined(separator: " or "))" }
}
