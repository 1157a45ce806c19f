package import Tensors

/// A `ModelInferRequest` as it came in: its raw tensors each in memory of their own, aligned as plugins want it, and all
/// other fields as they were.
package struct InferMessage: Sendable {
    /// Every field but `raw_input_contents`.
    package var head: [UInt8]
    /// `raw_input_contents`, in their order.
    package var raw: [TensorStorage]

    package init(head: [UInt8] = [], raw: [TensorStorage] = []) {
        self.head = head
        self.raw = raw
    }
}
