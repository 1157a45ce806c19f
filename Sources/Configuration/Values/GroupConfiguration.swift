/// Consumers that have something in common.
package struct GroupConfiguration: Sendable, Equatable {
    package var name: String
    /// Names of entries of `limits` that all its consumers share.
    package var limits: [String]

    package init(name: String, limits: [String]) {
        self.name = name
        self.limits = limits
    }
}
