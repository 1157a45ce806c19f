internal import Configuration

/// What rules come to that only name models: two sets of patterns.
///
/// An object that all consumers with the same rules share: a request of one of 100,000 consumers finds it in the cache.
final class PlainAccess: Sendable {
    private let allowed: ModelPatterns
    private let denied: ModelPatterns
    /// What holds for each name that is spelt out by either, so that it takes one look-up.
    private let named: [String: Verdict]
    /// All that is denied for those of `denied`; using them is among it.
    private let deniedOperations: Set<AccessOperation>

    init(
        allowed: ModelPatterns, denied: ModelPatterns = ModelPatterns([]), deniedOperations: Set<AccessOperation> = []
    ) {
        self.allowed = allowed
        self.denied = denied
        self.deniedOperations = deniedOperations
        named = Dictionary(
            uniqueKeysWithValues: allowed.exact.union(denied.exact).map { name in
                (name, denied.allow(name) ? .denied : .allowed)
            })
    }

    private enum Verdict {
        case allowed
        case denied
        case unknown
    }

    private func verdict(_ model: String) -> Verdict {
        if let verdict = named[model] { return verdict }
        if denied.allowUnnamed(model) { return .denied }
        return allowed.allowUnnamed(model) ? .allowed : .unknown
    }

    func decide(_ operation: AccessOperation, model: String) -> AccessPolicy.Decision {
        let isUse = operation == .infer || operation == .metadata
        switch verdict(model) {
        case .denied:
            return .refused(isUse || deniedOperations.contains(operation) ? .denied : .notAllowed, isKnown: false)
        case .allowed: return isUse ? .allowed : .refused(.notAllowed, isKnown: true)
        case .unknown: return .refused(.notAllowed, isKnown: false)
        }
    }

    /// Those that there are, by what they are made of.
    struct Known {
        private struct Key: Hashable {
            var allowed: [String]
            var denied: [String]
            var deniedOperations: Set<AccessOperation>
        }

        private var all: [Key: PlainAccess] = [:]

        /// What these rules come to; `nil` where they depend on more than the model.
        mutating func access(allow: [AccessRule], deny: [AccessRule]) -> PlainAccess? {
            let operations = deny.first?.operations ?? []
            guard allow.allSatisfy({ $0.isUnconditional && $0.operations == AccessOperation.standard }),
                deny.allSatisfy({ $0.isUnconditional && $0.operations == operations }),
                deny.isEmpty || operations.isSuperset(of: AccessOperation.standard)
            else { return nil }
            let key = Key(
                allowed: allow.flatMap(\.models), denied: deny.flatMap(\.models), deniedOperations: operations)
            if let same = all[key] { return same }
            let access = PlainAccess(
                allowed: ModelPatterns(key.allowed), denied: ModelPatterns(key.denied), deniedOperations: operations)
            all[key] = access
            return access
        }
    }
}
