internal import CSluicePlugin
internal import Tensors

/// An input as a test wants it: not necessarily one that a model declared, or that makes sense.
struct InputTensor: Sendable, Equatable {
    var name: String
    var type: sluice_dtype
    var shape: [Int]
    var bytes: [UInt8]
    /// For BYTES: one more than there are elements.
    var offsets: [Int64]?

    init(name: String, type: sluice_dtype, shape: [Int], bytes: [UInt8], offsets: [Int64]? = nil) {
        self.name = name
        self.type = type
        self.shape = shape
        self.bytes = bytes
        self.offsets = offsets
    }

    /// A BYTES tensor.
    init(name: String, shape: [Int], elements: [[UInt8]]) {
        var offsets: [Int64] = [0]
        for element in elements { offsets.append(offsets[offsets.count - 1] + Int64(element.count)) }
        self.init(
            name: name, type: DataType.bytes.dlpack, shape: shape, bytes: Array(elements.joined()), offsets: offsets)
    }

    init(_ tensor: Tensor) {
        var offsets: [Int64]?
        if let storage = tensor.offsets {
            offsets = (0...tensor.elementCount).map {
                storage.bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)
            }
        }
        self.init(
            name: tensor.name, type: tensor.dataType.dlpack, shape: tensor.shape,
            bytes: tensor.withBytes { Array($0) }, offsets: offsets)
    }

    static func == (left: InputTensor, right: InputTensor) -> Bool {
        left.name == right.name && left.shape == right.shape && left.bytes == right.bytes
            && left.offsets == right.offsets && left.type.code == right.type.code && left.type.bits == right.type.bits
    }

    var dataType: DataType? { DataType(dlpack: type) }

    /// E.g. `INPUT0 FP32[2,3]`.
    var text: String { "\(name) \(dataType?.name ?? "code \(type.code)/\(type.bits)")\(Shape.text(shape))" }

    /// As the gateway's own code carries it; `nil` for what it would refuse.
    var tensor: Tensor? {
        guard let dataType else { return nil }
        let storage = bytes.withUnsafeBytes { TensorStorage.copy(of: $0) }
        guard let offsets else {
            return dataType == .bytes
                ? nil : try? Tensor(name: name, dataType: dataType, shape: shape, storage: storage)
        }
        return try? Tensor(
            name: name, bytesOf: shape, data: storage, offsets: offsets.withUnsafeBytes { TensorStorage.copy(of: $0) })
    }

    /// The same tensor with so many rows: its own, from the first on and round again.
    func takingRows(_ count: Int, from first: Int = 0) -> InputTensor {
        guard let rows = shape.first, rows > 0 else { return self }
        var result = self
        result.shape[0] = count
        let indices = (0..<count).map { ($0 + first) % rows }
        if let offsets {
            let perRow = (offsets.count - 1) / rows
            let elements = indices.flatMap { row in
                (0..<perRow).map { Array(bytes[Int(offsets[row * perRow + $0])..<Int(offsets[row * perRow + $0 + 1])]) }
            }
            return InputTensor(name: name, shape: result.shape, elements: elements)
        }
        let perRow = bytes.count / rows
        var rowBytes: [UInt8] = []
        rowBytes.reserveCapacity(count * perRow)
        for row in indices { rowBytes.append(contentsOf: bytes[(row * perRow)..<((row + 1) * perRow)]) }
        result.bytes = rowBytes
        return result
    }
}
