/// What somebody wants of a model, or of the gateway, as rules of access tell it apart.
package enum AccessOperation: String, Sendable, CaseIterable {
    /// Have a model answer.
    case infer
    /// Know of a model: listings, metadata, readiness, statistics.
    case metadata
    /// Have a model learn.
    case learn
    /// Load, unload or swap a model.
    case load
    /// Everything else that administrators do; about no model.
    case admin

    /// What an `allow` is about that doesn't say.
    package static let standard: Set<AccessOperation> = [.infer, .metadata]
    /// Whether it goes through listeners for administrators alone.
    package var isAdministrative: Bool { self == .learn || self == .load || self == .admin }

    /// The listeners through which it is asked for.
    package func isServed(by listener: ListenerConfiguration) -> Bool {
        switch self {
        case .infer, .metadata: listener.serves.contains(.inference)
        case .learn, .admin: listener.serves.contains(.admin)
        case .load: listener.isAdministrative
        }
    }
}

extension Set<AccessOperation> {
    /// In the order of the list above.
    package var words: [String] { AccessOperation.allCases.filter(contains).map(\.rawValue) }
}
