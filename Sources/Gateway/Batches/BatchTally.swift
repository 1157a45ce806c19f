/// How much of a request for batches is answered.
package struct BatchTally: Sendable, Equatable {
    /// Batches whose answers have gone out.
    package var batches = 0
    /// Rows that were answered, those with errors included.
    package var rows = 0
    /// Rows that got an error.
    package var failed = 0
    /// Bytes of the answer.
    package var bytes = 0
}
