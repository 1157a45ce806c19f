package import Configuration

/// What one consumer may do, compiled. Nothing is allowed that no rule allows; what a rule denies, no rule allows.
///
/// Rules that only name models, as most do, are two sets of patterns, which consumers with the same ones share. Of all
/// others those that are about a model are found by its name, by one hash look-up where they spell it out, and then asked
/// one after the other.
///
/// Hours say when something may be used, and all else who may use it: to whom a rule isn't addressed the model isn't
/// there; who comes at another hour is told so.
package final class AccessPolicy: Sendable {
    /// Why something is refused.
    package enum Reason: String, Sendable {
        /// No rule allows it.
        case notAllowed = "operation_not_allowed"
        /// A rule denies it.
        case denied
        /// It is allowed at another time.
        case hours = "outside_hours"
    }

    package enum Decision: Sendable, Equatable {
        case allowed
        /// - Parameter isKnown: whether the caller may know that there is such a model.
        case refused(Reason, isKnown: Bool)
    }

    /// Where every rule is about the use of models, whoever asks.
    let plain: PlainAccess?
    private let byName: [String: [CompiledRule]]
    private let patterned: [CompiledRule]
    /// Of rules that aren't plain: those are asked for by people alone, and there may be 100,000 consumers with them.
    private let compiled: [CompiledRule]?
    private let allow: [AccessRule]
    private let deny: [AccessRule]
    /// What tokens may fulfil.
    let claimConditions: [ClaimCondition]
    /// Whether some rule allows what administrators do.
    package let administers: Bool

    /// Allows models of these names to be used.
    package init(models: ModelPatterns) {
        plain = PlainAccess(allowed: models)
        byName = [:]
        patterned = []
        (compiled, allow, deny) = (nil, [], [])
        claimConditions = []
        administers = false
    }

    package convenience init(allow: [AccessRule], deny: [AccessRule]) {
        var known = PlainAccess.Known()
        self.init(allow: allow, deny: deny, known: &known)
    }

    /// - Parameter known: what other consumers' rules come to, to which this one's are added.
    init(allow: [AccessRule], deny: [AccessRule], known: inout PlainAccess.Known) {
        (self.allow, self.deny) = (allow, deny)
        administers = allow.contains { $0.operations.contains(where: \.isAdministrative) }
        plain = known.access(allow: allow, deny: deny)
        if plain != nil {
            (compiled, claimConditions, byName) = (nil, [], [:])
            // For what is about no model.
            patterned = deny.isEmpty ? [] : Self.compiled(allow, deny) { $0.models.contains("*") }.rules
            return
        }
        let (rules, conditions) = Self.compiled(allow, deny)
        (compiled, claimConditions) = (rules, conditions)
        let names = Set((allow + deny).flatMap(\.models).filter { !$0.contains("*") })
        byName = Dictionary(
            uniqueKeysWithValues: names.map { name in (name, rules.filter { $0.models.allow(name) }) })
        patterned = rules.filter(\.models.hasPatterns)
    }

    /// All rules, those that deny last.
    var rules: [CompiledRule] { compiled ?? Self.compiled(allow, deny).rules }

    private static func compiled(
        _ allow: [AccessRule], _ deny: [AccessRule], where isMeant: (AccessRule) -> Bool = { _ in true }
    ) -> (rules: [CompiledRule], conditions: [ClaimCondition]) {
        var conditions: [ClaimCondition] = []
        let rules =
            allow.filter(isMeant).map { CompiledRule($0, isDeny: false, conditions: &conditions) }
            + deny.filter(isMeant).map { CompiledRule($0, isDeny: true, conditions: &conditions) }
        return (rules, conditions)
    }

    /// Whether that may be done.
    ///
    /// - Parameters:
    ///   - model: `nil` for what is about no model.
    ///   - claims: see `CompiledRule.isAbout`.
    func decide(
        _ operation: AccessOperation, model: String?, place: AccessPlace, claims: [Bool], nowSeconds: Int64
    ) -> Decision {
        if let plain, let model { return plain.decide(operation, model: model) }
        var tally = Tally(operation: operation)
        if let model {
            if let rules = byName[model] {
                for rule in rules where rule.isAbout(place, claims: claims) { tally.count(rule, nowSeconds) }
            } else {
                for rule in patterned where rule.models.allow(model) && rule.isAbout(place, claims: claims) {
                    tally.count(rule, nowSeconds)
                }
            }
        } else {
            for rule in patterned where rule.models.allowsEverything && rule.isAbout(place, claims: claims) {
                tally.count(rule, nowSeconds)
            }
        }
        return tally.decision
    }

    /// What the rules come to that are about a caller and a model.
    private struct Tally {
        let operation: AccessOperation
        private var allows = false
        private var allowsLater = false
        private var denies = false
        private var deniesNow = false
        private var shows = false
        private var hides = false

        init(operation: AccessOperation) {
            self.operation = operation
        }

        mutating func count(_ rule: CompiledRule, _ nowSeconds: Int64) {
            let isMeant = rule.covers(operation)
            let isOfSight = rule.covers(.metadata)
            switch (rule.isDeny, rule.hasHours) {
            case (true, true): if isMeant, operation != .metadata, rule.isNow(nowSeconds) { deniesNow = true }
            case (true, false):
                if isMeant { denies = true }
                if isOfSight { hides = true }
            case (false, _):
                if isMeant {
                    if operation == .metadata || rule.isNow(nowSeconds) { allows = true } else { allowsLater = true }
                }
                if isOfSight { shows = true }
            }
        }

        var decision: Decision {
            if allows, !denies, !deniesNow { return .allowed }
            let isKnown = shows && !hides || (allows || allowsLater) && !denies
            if denies || deniesNow { return .refused(.denied, isKnown: isKnown) }
            return .refused(allowsLater ? .hours : .notAllowed, isKnown: isKnown)
        }
    }
}
