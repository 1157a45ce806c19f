internal import Configuration

/// One rule of access, ready to be asked.
struct CompiledRule: Sendable {
    let isDeny: Bool
    let operations: Set<AccessOperation>
    /// The same, a bit each.
    private let bits: UInt8
    let models: ModelPatterns
    /// `nil` for all.
    private let listeners: Set<String>?
    private let addresses: [AddressRange]
    private let clock: AccessClock?
    /// Which of the consumer's conditions on claims must hold; `nil` for none.
    private let claims: Int?
    let rule: AccessRule

    /// - Parameter conditions: those on claims of all rules of the consumer, to which this one's are added.
    init(_ rule: AccessRule, isDeny: Bool, conditions: inout [ClaimCondition]) {
        self.rule = rule
        self.isDeny = isDeny
        operations = rule.operations
        bits = rule.operations.reduce(0) { $0 | $1.bit }
        models = ModelPatterns(rule.models)
        listeners = rule.listeners.isEmpty ? nil : Set(rule.listeners)
        addresses = rule.addresses
        clock = rule.hours.map(AccessClock.init)
        claims = ClaimCondition(rule.claims).map { condition in
            if let known = conditions.firstIndex(of: condition) { return known }
            conditions.append(condition)
            return conditions.count - 1
        }
    }

    /// Whether it is about that.
    func covers(_ operation: AccessOperation) -> Bool { bits & operation.bit != 0 }

    /// Whether it is a rule at some hours only.
    var hasHours: Bool { clock != nil }

    func isNow(_ nowSeconds: Int64) -> Bool { clock?.holds(nowSeconds: nowSeconds) ?? true }

    /// Whether it is about whoever asks, whenever that is.
    ///
    /// - Parameter claims: for each of the consumer's conditions on claims whether the caller's token fulfils it.
    func isAbout(_ place: AccessPlace, claims held: [Bool]) -> Bool { obstacle(place, claims: held) == nil }

    /// What of it doesn't hold for whoever asks.
    func obstacle(_ place: AccessPlace, claims held: [Bool]) -> Obstacle? {
        if let listeners, !listeners.contains(place.listener) { return .listener }
        if !addresses.isEmpty {
            guard let address = place.address, addresses.contains(where: { $0.contains(address) }) else {
                return .address
            }
        }
        if let claims, claims >= held.count || !held[claims] { return .claims }
        return nil
    }

    enum Obstacle: Sendable {
        case listener
        case address
        case claims
        case hours
        case operation
    }
}

extension AccessOperation {
    fileprivate var bit: UInt8 {
        switch self {
        case .infer: 1
        case .metadata: 2
        case .learn: 4
        case .load: 8
        case .admin: 16
        }
    }
}
