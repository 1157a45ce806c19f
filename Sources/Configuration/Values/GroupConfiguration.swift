/// Consumers that have something in common.
package struct GroupConfiguration: Sendable, Equatable {
    package var name: String
    /// Names of entries of `limits` that all its consumers share.
    package var limits: [String]
    /// What all its consumers may do.
    package var allow: [AccessRule]
    /// What none of them may do.
    package var deny: [AccessRule]

    package init(name: String, limits: [String], allow: [AccessRule] = [], deny: [AccessRule] = []) {
        self.name = name
        self.limits = limits
        self.allow = allow
        self.deny = deny
    }
}
