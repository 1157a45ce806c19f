internal import Configuration

/// What a token must say for a rule to hold.
struct ClaimCondition: Sendable, Hashable {
    private let claims: [AccessRule.Claim]

    /// `nil` where a rule asks for nothing.
    init?(_ claims: [AccessRule.Claim]) {
        if claims.isEmpty { return nil }
        self.claims = claims
    }

    func holds(for token: Claims) -> Bool {
        claims.allSatisfy { claim in
            guard let value = token[path: claim.name] else { return false }
            return Self.texts(of: value, named: claim.name).contains { claim.values.contains($0) }
        }
    }

    private static func texts(of value: ClaimValue, named name: String) -> [String] {
        switch value {
        // OAuth's scopes are words of one text (RFC 8693, section 4.2).
        case .string(let text) where name == "scope" || name == "scp":
            text.split(separator: " ").map(String.init)
        case .string(let text): [text]
        case .bool(let flag): [flag ? "true" : "false"]
        case .number(let number): Int64(exactly: number).map { ["\($0)"] } ?? ["\(number)"]
        case .list(let items): items.flatMap(texts(ofItem:))
        case .null, .members: []
        }
    }

    /// Lists within lists mean nothing.
    private static func texts(ofItem item: ClaimValue) -> [String] {
        if case .list = item { return [] }
        return texts(of: item, named: "")
    }
}
