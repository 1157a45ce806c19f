/// What a model takes and answers.
public struct ModelDeclaration: Sendable, Equatable {
    /// One input or output; -1 in the shape is any size.
    public struct Tensor: Sendable, Equatable {
        /// How clients name it.
        public var name: String
        /// The type of its elements.
        public var type: ElementType
        /// Without the batch dimension where the host joins requests; `nil` is any rank.
        public var shape: [Int64]?
        /// One line for people.
        public var summary: String

        /// A tensor without a line for people, unless one is given.
        public init(_ name: String, _ type: ElementType, shape: [Int64]?, summary: String = "") {
            self.name = name
            self.type = type
            self.shape = shape
            self.summary = summary
        }
    }

    /// What the model takes.
    public var inputs: [Tensor]
    /// What it answers.
    public var outputs: [Tensor]
    /// Whether the host may join requests along axis 0 and split the answer.
    public var joinsRows = false
    /// Calls at the same time.
    public var concurrency: Int32 = 1
    /// `infer` takes microseconds and never blocks: it may run on an event loop.
    public var isQuick = false
    /// Equal inputs give equal outputs.
    public var isDeterministic = false

    /// A model that gets one request at a time, on a thread of its own.
    public init(inputs: [Tensor], outputs: [Tensor]) {
        self.inputs = inputs
        self.outputs = outputs
    }
}
