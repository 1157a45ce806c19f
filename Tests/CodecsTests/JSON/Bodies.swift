import Tensors

@testable import Codecs

extension RequestBody {
    /// A body of its own memory.
    init(_ bytes: [UInt8]) {
        self.init(bytes.withUnsafeBytes { TensorStorage.copy(of: $0) })
    }

    init(_ text: String) {
        self.init(Array(text.utf8))
    }
}

extension EncodedBody {
    /// All the bytes, as a client gets them.
    var flattened: [UInt8] {
        segments.flatMap { segment in
            switch segment {
            case .bytes(let bytes): bytes
            case .tensor(let tensor): tensor.withBytes { Array($0) }
            }
        }
    }

    var text: String { String(decoding: flattened, as: UTF8.self) }
}

/// Signatures of models that the tests send documents to.
enum Models {
    static let columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    /// One input with named columns.
    static let iris = ModelSignature(
        inputs: [TensorSpec(name: "X", dataType: .fp32, shape: [-1, 4], columns: columns)],
        outputs: [
            TensorSpec(name: "label", dataType: .bytes, shape: [-1]),
            TensorSpec(name: "probabilities", dataType: .fp32, shape: [-1, 3]),
        ], batching: .concat)
    /// Three inputs of different types.
    static let mixed = ModelSignature(
        inputs: [
            TensorSpec(name: "age", dataType: .int64, shape: [-1, 1]),
            TensorSpec(name: "text", dataType: .bytes, shape: [-1]),
            TensorSpec(name: "embedding", dataType: .fp64, shape: [-1, 3]),
        ], outputs: [TensorSpec(name: "y", dataType: .fp32, shape: [-1])], batching: .concat)
    /// A model of one input.
    static func single(
        _ dataType: DataType, _ shape: [Int]?, batching: ModelSignature.Batching = .none
    ) -> ModelSignature {
        ModelSignature(
            inputs: [TensorSpec(name: "X", dataType: dataType, shape: shape)],
            outputs: [TensorSpec(name: "Y", dataType: dataType, shape: shape)], batching: batching)
    }
}
