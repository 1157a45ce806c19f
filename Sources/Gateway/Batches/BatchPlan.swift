package import Codecs
package import Tensors

/// What a request for batches asks for beside the model: how its rows are cut and answered.
package struct BatchPlan: Sendable, Equatable {
    /// What becomes of a row that is wrong.
    package enum Errors: String, Sendable, CaseIterable {
        /// The answer ends there.
        case fail
        /// It gets an error in place of an answer.
        case skip
    }

    /// The most rows that one batch may have.
    package static let mostRows = 65_536

    /// Rows of one batch, at most.
    package var rows = 1000
    package var errors = Errors.fail
    /// Rows that are passed over.
    package var offset = 0
    /// How the rows are written; `nil` leaves it to the first byte.
    package var format: RowFormat?
    /// The `Accept` header.
    package var accept: String?

    package init() {}
}

/// How much one request for batches may take at once.
package struct BatchBounds: Sendable {
    /// Batches between their start and their answer's way out.
    package var width = 4
    /// Bytes of text from which on a batch is full.
    package var batchBytes = 1 << 20
    /// The most bytes that one row may have, and about the most bytes of answers that wait for the client.
    package var mostBytes: Int
    /// How long a batch waits, in all, for its quotas and its model's queue; nanoseconds.
    package var patience: UInt64 = 30_000_000_000
    /// Takes memory for so many bytes; `false` where there is none left.
    package var reserve: @Sendable (Int) -> Bool
    package var release: @Sendable (Int) -> Void

    package init(
        mostBytes: Int, reserve: @escaping @Sendable (Int) -> Bool, release: @escaping @Sendable (Int) -> Void
    ) {
        self.mostBytes = mostBytes
        self.reserve = reserve
        self.release = release
    }
}

/// Takes the answers of batches to whoever asked: each wire protocol has its own.
///
/// All of it is called on the event loop of the connection: `refuse` once; or `begin` once, `write` any number of times
/// and `end` once.
package protocol BatchOutlet: AnyObject {
    /// It can't be done, and nothing has been answered.
    func refuseBatches(_ error: SluiceError)

    /// The answer begins.
    func beginBatches(mediaType: String, summary: Answer.Summary)

    /// A piece of it; `taken` is called when the connection has taken it.
    func writeBatch(_ bytes: [UInt8], taken: @escaping @Sendable () -> Void)

    /// The last bytes.
    ///
    /// - Parameters:
    ///   - isCut: the connection has to show that the answer isn't whole.
    ///   - failure: what ended it.
    func endBatches(_ last: [UInt8], isCut: Bool, failure: SluiceError?)

    /// More of the body may be wanted now than before.
    func batchesMoved()
}
