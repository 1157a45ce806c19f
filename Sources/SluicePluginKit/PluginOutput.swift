internal import CSluicePlugin

/// One output of an answer.
public struct PluginOutput {
    private enum Content {
        case fixed([UInt8])
        case texts([[UInt8]])
    }

    /// The output as the model declares it.
    public let name: String
    /// The type of its elements.
    public let type: ElementType
    /// All sizes, the batch dimension among them.
    public let shape: [Int64]
    private let content: Content

    /// Numbers, as many as the shape has places.
    public init<Value: BitwiseCopyable>(_ name: String, _ type: ElementType, shape: [Int64], values: [Value]) {
        precondition(values.count == Int(shape.reduce(1, *)), "a value for each place of the shape")
        self.name = name
        self.type = type
        self.shape = shape
        content = .fixed(values.withUnsafeBytes { Array($0) })
    }

    /// Texts, as many as the shape has places.
    public init(_ name: String, shape: [Int64], texts: [String]) {
        precondition(texts.count == Int(shape.reduce(1, *)), "a text for each place of the shape")
        self.name = name
        self.type = .bytes
        self.shape = shape
        content = .texts(texts.map { Array($0.utf8) })
    }

    var byteCount: Int {
        switch content {
        case .fixed(let bytes): bytes.count
        case .texts(let texts): texts.reduce(0) { $0 + $1.count }
        }
    }

    /// Fills the memory that `new_output` gave: `byteCount` bytes, and the offsets of texts.
    func write(to tensor: sluice_tensor) {
        let room = UnsafeMutableRawBufferPointer(start: tensor.data, count: byteCount)
        switch content {
        case .fixed(let bytes): room.copyBytes(from: bytes)
        case .texts(let texts):
            guard let offsets = UnsafeMutablePointer(mutating: tensor.offsets) else { return }
            var end = 0
            offsets[0] = 0
            for (index, text) in texts.enumerated() {
                UnsafeMutableRawBufferPointer(rebasing: room[end...]).copyBytes(from: text)
                end += text.count
                offsets[index + 1] = Int64(end)
            }
        }
    }
}
