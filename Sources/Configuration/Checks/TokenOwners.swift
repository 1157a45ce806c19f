/// The consumers that tokens can belong to.
struct TokenOwners {
    private let issuers: [IssuerConfiguration]
    private let areAll: Bool

    /// - Parameter areAll: whether these are all issuers of the file; otherwise any consumer may be meant.
    init(_ issuers: [IssuerConfiguration], areAll: Bool) {
        self.issuers = issuers
        self.areAll = areAll
    }

    func contain(_ name: String) -> Bool { !areAll || issuers.contains { $0.owner.canBe(name) } }
}
