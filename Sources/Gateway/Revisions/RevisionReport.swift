/// What came of a change that was made.
package struct RevisionReport: Sendable {
    /// What serves now.
    package var revision: Revision
    /// What is different, by meaning, one line each; empty where nothing is.
    package var changes: [String]
    /// Models that were loaded for it.
    package var loaded: [String]
    /// Models of the last revision that finish what they have and are then freed.
    package var retired: [String]
    /// From the start of the work to the moment in which the revision serves.
    package var nanoseconds: UInt64
}
