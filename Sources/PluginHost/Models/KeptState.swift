internal import NIOConcurrencyHelpers
package import Tensors

/// What a model had learned when it was last asked: what its next process, or its next version, goes on from.
package final class KeptState: Sendable {
    private let locked: NIOLockedValueBox<TensorStorage?>

    package init(_ state: TensorStorage? = nil) {
        locked = NIOLockedValueBox(state)
    }

    /// `nil` as long as nothing has been kept.
    package var latest: TensorStorage? {
        get { locked.withLockedValue { $0 } }
        set { locked.withLockedValue { $0 = newValue } }
    }
}
