/// What policies tell those who count it. The closures must not block.
package struct PolicyObserver: Sendable {
    /// A token was refused.
    package var tokenFailed: TokenVerifier.Observer
    /// A ban has begun.
    package var banned: @Sendable (BanGuard.Kind) -> Void

    package init(
        tokenFailed: @escaping TokenVerifier.Observer = { _, _ in },
        banned: @escaping @Sendable (BanGuard.Kind) -> Void = { _ in }
    ) {
        self.tokenFailed = tokenFailed
        self.banned = banned
    }
}
