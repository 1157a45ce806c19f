/// Whose use a quota counts.
package struct QuotaSubject: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case consumer
        case group
        case model
        case route
        /// All requests together.
        case global

        /// The order in which a request asks them.
        var order: UInt64 {
            switch self {
            case .global: 0
            case .route: 1
            case .group: 2
            case .consumer: 3
            case .model: 4
            }
        }
    }

    package let kind: Kind
    /// Empty for `global`.
    package let name: String

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// All requests together.
    package static let global = QuotaSubject(.global, "")

    /// For people: `consumer "acme"`.
    package var text: String { kind == .global ? "the gateway" : "\(kind.rawValue) \"\(name)\"" }
    /// For whoever keeps counts.
    var key: String { kind == .global ? "global" : "\(kind.rawValue):\(name)" }
    /// What names of quotas start with where clients see them: their own go without.
    var prefix: String {
        switch kind {
        case .consumer: ""
        case .global: "global/"
        default: "\(kind.rawValue):\(name)/"
        }
    }
}
