package import Configuration

/// What policies tell those who count it. The closures must not block.
package struct PolicyObserver: Sendable {
    /// A token was refused.
    package var tokenFailed: TokenVerifier.Observer
    /// A ban has begun, after a failure from that address.
    package var banned: @Sendable (BanGuard.Kind, NetworkAddress?) -> Void
    /// Somebody failed to prove who they are.
    package var failed: @Sendable (AuthenticationFailure) -> Void

    package init(
        tokenFailed: @escaping TokenVerifier.Observer = { _, _ in },
        banned: @escaping @Sendable (BanGuard.Kind, NetworkAddress?) -> Void = { _, _ in },
        failed: @escaping @Sendable (AuthenticationFailure) -> Void = { _ in }
    ) {
        self.tokenFailed = tokenFailed
        self.banned = banned
        self.failed = failed
    }
}
