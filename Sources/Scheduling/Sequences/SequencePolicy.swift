/// How many sequences a model's requests may belong to, and for how long.
package struct SequencePolicy: Sendable, Equatable {
    /// Sequences at the same time.
    package var maximum: Int
    /// A sequence without a request for so long is over.
    package var idleNanoseconds: UInt64

    package init(maximum: Int = 1024, idleNanoseconds: UInt64 = 60_000_000_000) {
        self.maximum = maximum
        self.idleNanoseconds = idleNanoseconds
    }
}
