/// When the file is read again without being asked.
package struct ReloadConfiguration: Sendable, Equatable {
    package var watches = false
    /// How long the file must have been left alone.
    package var settle: Duration = .milliseconds(250)

    package init() {}
}
