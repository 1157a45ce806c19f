/// Which configuration is served: each change of what the gateway does is a revision of its own.
package struct Revision: Sendable, Equatable {
    /// Counts up from 1.
    package var number: Int
    /// The first twelve digits of the file's SHA-256. Revisions that differ in their loaded models only share it.
    package var hash: String

    package init(number: Int, hash: String) {
        self.number = number
        self.hash = hash
    }
}
