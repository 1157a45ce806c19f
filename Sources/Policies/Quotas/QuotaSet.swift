/// The quotas that a subject has, in the order of the file, with what clients are told of them.
///
/// One object for all consumers with the same limits.
package final class QuotaSet: Sendable {
    package let policies: [QuotaPolicy]
    /// For each quota the `RateLimit-Policy` items of all, it first; those that turn nobody away aren't told of.
    let policyHeaders: [String]

    package init(_ policies: [QuotaPolicy]) {
        self.policies = policies
        policyHeaders = policies.indices.map { first in
            let others = policies.indices.filter { $0 != first }
            return ([first] + others).filter { !policies[$0].isShadow }.map { policies[$0].headerItem }
                .joined(separator: ", ")
        }
    }

    /// None.
    static let none = QuotaSet([])
}
