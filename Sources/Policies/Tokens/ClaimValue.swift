/// A value in a token.
package indirect enum ClaimValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case list([ClaimValue])
    case members([String: ClaimValue])

    /// The text, where it is one.
    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The texts, where it is one or a list of nothing else.
    package var texts: [String]? {
        switch self {
        case .string(let text): return [text]
        case .list(let items):
            let texts = items.compactMap(\.text)
            return texts.count == items.count ? texts : nil
        default: return nil
        }
    }

    /// The value, or each of a list, as texts that patterns are held against; what has no one text is left out.
    package var words: [String] {
        switch self {
        case .string(let text): [text]
        case .bool(let value): [value ? "true" : "false"]
        case .number(let value): Int64(exactly: value).map { [String($0)] } ?? [String(value)]
        case .list(let items): items.filter { if case .list = $0 { false } else { true } }.flatMap(\.words)
        case .null, .members: []
        }
    }
}

/// What a token says.
package struct Claims: Sendable, Equatable {
    package let members: [String: ClaimValue]

    package init(_ members: [String: ClaimValue]) {
        self.members = members
    }

    /// Nothing, as with callers who show no token.
    package static let none = Claims([:])

    /// The claim of that name; or, where there is none, what its dots lead to: `realm_access.roles`.
    package subscript(path path: String) -> ClaimValue? {
        if let value = members[path] { return value }
        guard path.contains(".") else { return nil }
        var value = ClaimValue.members(members)
        for name in path.split(separator: ".", omittingEmptySubsequences: false) {
            guard case .members(let members) = value, let next = members[String(name)] else { return nil }
            value = next
        }
        return value
    }
}
