extension Tensor {
    /// The same BYTES tensor with other texts in some places.
    ///
    /// - Throws: `overloaded` where there is no memory left for it.
    package func replacingTexts(_ texts: [Int: [UInt8]]) throws(SluiceError) -> Tensor {
        var places: [Int64] = [0]
        places.reserveCapacity(elementCount + 1)
        var total = 0
        for index in 0..<elementCount {
            total += texts[index]?.count ?? withElement(index) { $0.count }
            places.append(Int64(total))
        }
        guard let data = TensorStorage.allocateIfPossible(byteCount: total),
            let offsets = TensorStorage.allocateIfPossible(byteCount: places.count * 8)
        else { throw SluiceError(.overloaded, "there is no memory for the text") }
        for index in 0..<elementCount {
            let target = UnsafeMutableRawBufferPointer(
                start: data.base + Int(places[index]), count: Int(places[index + 1] - places[index]))
            if let text = texts[index] {
                target.copyBytes(from: text)
            } else {
                withElement(index) { target.copyMemory(from: $0) }
            }
        }
        places.withUnsafeBytes { offsets.mutableBytes.copyMemory(from: $0) }
        return try Tensor(name: name, bytesOf: shape, data: data, offsets: offsets)
    }
}
