extension Tensor {
    /// The tensors one after the other along their first axis.
    ///
    /// All must have one name, data type and rank, which is at least 1. Where their other dimensions differ, each is
    /// filled up with `fill` to the largest; without one they must be equal.
    ///
    /// - Returns: `nil` where they don't fit together, or there is not so much memory.
    package static func joining(_ tensors: [Tensor], fill: FillElement? = nil) -> Tensor? {
        guard let first = tensors.first, first.shape.count >= 1 else { return nil }
        var shape = first.shape
        for tensor in tensors.dropFirst() {
            guard tensor.dataType == first.dataType, tensor.shape.count == shape.count else { return nil }
            shape[0] += tensor.shape[0]
            for axis in shape.indices.dropFirst() where tensor.shape[axis] != shape[axis] {
                guard fill != nil else { return nil }
                shape[axis] = max(shape[axis], tensor.shape[axis])
            }
        }
        let isRagged = tensors.contains { $0.shape.dropFirst() != shape.dropFirst() }
        guard let elements = Shape.elementCount(shape), elements < 1 << 48 else { return nil }
        if first.dataType == .bytes { return joinBytes(tensors, shape: shape, elements: elements) }
        let width = first.dataType.byteWidth
        guard let storage = TensorStorage.allocateIfPossible(byteCount: elements * width) else { return nil }
        if isRagged, let fill { storage.mutableBytes.fill(with: fill.bytes) }
        var start = storage.base
        for tensor in tensors {
            let room = [tensor.shape[0]] + shape.dropFirst()
            tensor.withBytes { bytes in
                guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
                let block = BlockCopy(small: tensor.shape, large: room)
                block.forEachRun { small, large in
                    (start + large * width).copyMemory(from: source + small * width, byteCount: block.run * width)
                }
            }
            start += room.reduce(1, *) * width
        }
        return try? Tensor(name: first.name, dataType: first.dataType, shape: shape, storage: storage)
    }

    /// Elements of their own length: those of the fill are empty, so only the offsets tell of them.
    private static func joinBytes(_ tensors: [Tensor], shape: [Int], elements: Int) -> Tensor? {
        let bytes = tensors.reduce(0) { $0 + $1.byteCount }
        guard let data = TensorStorage.allocateIfPossible(byteCount: bytes),
            let offsets = TensorStorage.allocateIfPossible(byteCount: (elements + 1) * 8)
        else { return nil }
        // First every element's length, then their sums.
        let lengths = offsets.mutableBytes
        lengths.fill(with: [0])
        var firstElement = 0
        var end = 0
        for tensor in tensors {
            let room = [tensor.shape[0]] + shape.dropFirst()
            let block = BlockCopy(small: tensor.shape, large: room)
            block.forEachRun { small, large in
                for index in 0..<block.run {
                    let length = tensor.withElement(small + index) { $0.count }
                    lengths.storeBytes(
                        of: Int64(length), toByteOffset: (firstElement + large + index + 1) * 8, as: Int64.self)
                }
            }
            tensor.withBytes { bytes in
                guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
                (data.base + end).copyMemory(from: source, byteCount: bytes.count)
                end += bytes.count
            }
            firstElement += room.reduce(1, *)
        }
        var sum: Int64 = 0
        for index in 0...elements {
            sum += lengths.load(fromByteOffset: index * 8, as: Int64.self)
            lengths.storeBytes(of: sum, toByteOffset: index * 8, as: Int64.self)
        }
        return try? Tensor(name: tensors[0].name, bytesOf: shape, data: data, offsets: offsets)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Writes the pattern over and over; the size is a multiple of it.
    fileprivate func fill(with pattern: [UInt8]) {
        guard let base = baseAddress, count > 0 else { return }
        if let byte = pattern.first, pattern.allSatisfy({ $0 == byte }) {
            base.initializeMemory(as: UInt8.self, repeating: byte, count: count)
            return
        }
        for (offset, byte) in pattern.enumerated() { storeBytes(of: byte, toByteOffset: offset, as: UInt8.self) }
        // What is filled doubles each time.
        var filled = pattern.count
        while filled < count {
            let next = Swift.min(filled, count - filled)
            (base + filled).copyMemory(from: base, byteCount: next)
            filled += next
        }
    }
}
