extension Tensor {
    /// Some rows along the first axis; shares the memory but for the offsets of `bytes`.
    ///
    /// - Returns: `nil` where there are no such rows.
    package func rows(_ range: Range<Int>) -> Tensor? {
        guard let count = shape.first, range.lowerBound >= 0, range.upperBound <= count else { return nil }
        if range == 0..<count { return self }
        let rowShape = shape.dropFirst()
        let perRow = rowShape.reduce(1, *)
        let part = [range.count] + rowShape
        guard let offsets else {
            let width = dataType.byteWidth
            return try? Tensor(
                name: name, dataType: dataType, shape: part, storage: storage,
                byteOffset: byteOffset + range.lowerBound * perRow * width, byteCount: range.count * perRow * width)
        }
        let elements = range.count * perRow
        guard let own = TensorStorage.allocateIfPossible(byteCount: (elements + 1) * 8) else { return nil }
        let first = range.lowerBound * perRow
        let start = offsets.bytes.loadUnaligned(fromByteOffset: first * 8, as: Int64.self)
        var end = start
        for index in 0...elements {
            end = offsets.bytes.loadUnaligned(fromByteOffset: (first + index) * 8, as: Int64.self)
            own.mutableBytes.storeBytes(of: end - start, toByteOffset: index * 8, as: Int64.self)
        }
        let data = UnsafeRawBufferPointer(rebasing: storage.bytes[Int(start)..<Int(end)])
        return try? Tensor(
            name: name, bytesOf: part, data: .slice(of: data, keptAliveBy: storage), offsets: own)
    }

    /// The corner of that shape, copied; for what was computed of inputs that had been filled up.
    ///
    /// - Returns: `nil` where the tensor has no such corner, or there is not so much memory.
    package func corner(_ corner: [Int]) -> Tensor? {
        guard corner.count == shape.count, zip(corner, shape).allSatisfy({ $0 <= $1 }) else { return nil }
        if corner == shape { return self }
        let block = BlockCopy(small: corner, large: shape)
        let elements = corner.reduce(1, *)
        guard dataType != .bytes else { return cornerOfBytes(corner, block) }
        let width = dataType.byteWidth
        guard let copy = TensorStorage.allocateIfPossible(byteCount: elements * width) else { return nil }
        withBytes { bytes in
            guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
            block.forEachRun { small, large in
                (copy.base + small * width).copyMemory(from: source + large * width, byteCount: block.run * width)
            }
        }
        return try? Tensor(name: name, dataType: dataType, shape: corner, storage: copy)
    }

    private func cornerOfBytes(_ corner: [Int], _ block: BlockCopy) -> Tensor? {
        var data: [UInt8] = []
        var offsets: [Int64] = [0]
        block.forEachRun { _, large in
            for index in 0..<block.run {
                withElement(large + index) { data.append(contentsOf: $0) }
                offsets.append(Int64(data.count))
            }
        }
        return try? Tensor(
            name: name, bytesOf: corner, data: data.withUnsafeBytes { TensorStorage.copy(of: $0) },
            offsets: offsets.withUnsafeBytes { TensorStorage.copy(of: $0) })
    }
}

extension Tensor {
    /// The same in fresh memory; `nil` where there is not so much.
    package var copied: Tensor? {
        guard let storage = TensorStorage.allocateIfPossible(byteCount: byteCount) else { return nil }
        withBytes { bytes in
            if let source = bytes.baseAddress, !bytes.isEmpty {
                storage.base.copyMemory(from: source, byteCount: bytes.count)
            }
        }
        guard let offsets else {
            return try? Tensor(name: name, dataType: dataType, shape: shape, storage: storage)
        }
        return try? Tensor(name: name, bytesOf: shape, data: storage, offsets: .copy(of: offsets.bytes))
    }
}
