import Codecs
import Tensors

/// Models whose inputs between them bring every reader of elements to work.
enum Signatures {
    static let table = ModelSignature(
        inputs: [TensorSpec(name: "X", dataType: .fp32, shape: [-1, 4], columns: ["a", "b", "c", "d"])], outputs: [],
        batching: .concat)
    static let matrix = ModelSignature(
        inputs: [TensorSpec(name: "X", dataType: .fp64, shape: [-1, -1])], outputs: [])
    static let text = ModelSignature(inputs: [TensorSpec(name: "text", dataType: .bytes, shape: [-1])], outputs: [])
    static let mixed = ModelSignature(
        inputs: [
            TensorSpec(name: "age", dataType: .int64, shape: [-1, 1], columns: ["age"]),
            TensorSpec(name: "income", dataType: .fp16, shape: [-1, 2], columns: ["net", "gross"]),
            TensorSpec(name: "city", dataType: .bytes, shape: [-1, 1], columns: ["city"]),
            TensorSpec(name: "old", dataType: .bool, shape: [-1, 1], columns: ["old"]),
            TensorSpec(name: "small", dataType: .uint8, shape: [-1, 1], columns: ["small"]),
        ], outputs: [])
    static let any = ModelSignature(inputs: [TensorSpec(name: "x", dataType: .int32, shape: nil)], outputs: [])

    static let all = [table, matrix, text, mixed, any]
}

extension RequestBody {
    /// A body of its own, so that AddressSanitizer sees every byte that is read beside it.
    init(copying bytes: [UInt8]) {
        self.init(bytes.withUnsafeBytes { TensorStorage.copy(of: $0) })
    }
}
