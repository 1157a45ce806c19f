/// A change of what listens, made ready and not made yet.
package struct FrontChange: Sendable {
    /// From now on requests go through the new gate. Can't fail.
    package var commit: @Sendable () -> Void
    /// Undoes what was made ready.
    package var cancel: @Sendable () -> Void

    package init(commit: @escaping @Sendable () -> Void, cancel: @escaping @Sendable () -> Void) {
        self.commit = commit
        self.cancel = cancel
    }
}
