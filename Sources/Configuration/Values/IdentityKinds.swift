/// The ways in which callers may prove who they are; an empty set asks nobody.
package struct IdentityKinds: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let apiKeys = IdentityKinds(rawValue: 1)
    /// Tokens (JWT) of the file's `issuers`.
    package static let tokens = IdentityKinds(rawValue: 2)
    /// Names in client certificates that TLS has verified.
    package static let certificates = IdentityKinds(rawValue: 4)

    /// Each kind and its word in the file.
    package static let known: [(word: String, kind: IdentityKinds)] = [
        ("api_keys", .apiKeys), ("jwt", .tokens), ("certificates", .certificates),
    ]

    /// The words of the kinds in the set; `none` for an empty one.
    package var words: [String] {
        isEmpty ? ["none"] : Self.known.filter { contains($0.kind) }.map(\.word)
    }
}
