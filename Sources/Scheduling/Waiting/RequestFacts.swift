package import Tensors

/// What the scheduler knows of a request: everything but what it asks.
package struct RequestFacts: Sendable {
    /// Rows along the first axis; what batches are measured in. At least 1.
    package var rows = 1
    /// Bytes of its inputs.
    package var bytes = 0
    /// Requests of one kind may share a call; `nil` goes alone.
    package var kind: Int?
    /// 1 is the most urgent; 0 leaves it to the model.
    package var priority: UInt32 = 0
    /// Whose request it is.
    package var consumer = 0
    /// When nobody wants the answer any more.
    package var deadline: MonotonicTime?
    /// Its place in a sequence, for models that keep state.
    package var sequence: SequenceStep?

    package init() {}

    /// A request's place in a sequence.
    package struct SequenceStep: Sendable, Equatable {
        package var id: String
        package var isStart: Bool
        package var isEnd: Bool

        package init(id: String, isStart: Bool, isEnd: Bool) {
            self.id = id
            self.isStart = isStart
            self.isEnd = isEnd
        }
    }
}
