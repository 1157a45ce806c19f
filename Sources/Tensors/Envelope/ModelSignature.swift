/// The inputs and outputs that a model declares.
package struct ModelSignature: Sendable, Equatable {
    /// How requests to the model may be merged.
    package enum Batching: Sendable, Equatable {
        /// One request at a time; shapes are as declared.
        case none
        /// The host joins requests along axis 0; every shape starts with a free batch dimension.
        case concat
        /// The plugin gets a list of requests; every shape starts with a free batch dimension.
        case list
    }

    package var inputs: [TensorSpec]
    package var outputs: [TensorSpec]
    package var batching: Batching

    package init(inputs: [TensorSpec], outputs: [TensorSpec], batching: Batching = .none) {
        self.inputs = inputs
        self.outputs = outputs
        self.batching = batching
    }

    /// The declared input of that name.
    package func input(named name: String) -> TensorSpec? { inputs.first { $0.name == name } }
    /// The declared output of that name.
    package func output(named name: String) -> TensorSpec? { outputs.first { $0.name == name } }
}

/// One declared input or output.
package struct TensorSpec: Sendable, Equatable {
    package var name: String
    package var dataType: DataType
    /// Dimensions as clients send them, the batch dimension included; -1 is any size. `nil` is any rank.
    package var shape: [Int]?
    /// One line for humans.
    package var summary: String?
    /// Names of the columns along the last axis, where the configuration gives them.
    package var columns: [String]
    /// What the places along the last axis mean, where the configuration says so; as many as there are places.
    package var labels: [String] = []

    package init(
        name: String, dataType: DataType, shape: [Int]?, summary: String? = nil, columns: [String] = []
    ) {
        self.name = name
        self.dataType = dataType
        self.shape = shape
        self.summary = summary
        self.columns = columns
    }

    /// The spec as messages show it, e.g. `FP32[-1,4]`.
    package var text: String { dataType.name + (shape.map(Shape.text) ?? "[any rank]") }
}
