internal import Tensors

/// Turns the elements of one npy file into a tensor: byte order, axis order and type.
struct NumpyReader {
    var name: String
    var type: NumpyType
    /// The shape as the file has it.
    var arrayShape: [Int]
    var isFortranOrder: Bool
    /// The shape of the tensor: the same elements in the same order.
    var shape: [Int]
    var count: Int
    /// Exactly the elements.
    var bytes: UnsafeRawBufferPointer

    /// - Parameter storage: what holds `bytes`, from `byteOffset` on; the tensor shares it where it can.
    /// - Throws: `invalid_input`, naming the element that the data type can't hold.
    func tensor(of dataType: DataType, storage: TensorStorage, byteOffset: Int) throws(SluiceError) -> Tensor {
        if type.isString { return try strings() }
        let array = NumberArray(
            input: name, noun: "npy array", type: type.dataType ?? dataType, isBigEndian: type.isBigEndian,
            isFortranOrder: isFortranOrder, arrayShape: arrayShape, shape: shape, bytes: bytes)
        return try array.tensor(of: dataType, storage: storage, byteOffset: byteOffset)
    }

    private func strings() throws(SluiceError) -> Tensor {
        var data: [UInt8] = []
        var offsets: [Int64] = [0]
        offsets.reserveCapacity(count + 1)
        var order = ArrayOrder(shape: arrayShape, isFortranOrder: isFortranOrder)
        for index in 0..<count {
            let start = order.next() * type.width
            let element = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + type.width)])
            if type.kind == .bytes {
                let length = (element.lastIndex { $0 != 0 } ?? -1) + 1
                data.append(contentsOf: element.prefix(length))
            } else {
                try append(text: element, to: &data, index: index)
            }
            offsets.append(Int64(data.count))
        }
        return try Tensor(
            name: name, bytesOf: shape, data: data.withUnsafeBytes { TensorStorage.copy(of: $0) },
            offsets: offsets.withUnsafeBytes { TensorStorage.copy(of: $0) })
    }

    /// UTF-32 to UTF-8, without the zeros at the end.
    private func append(
        text element: UnsafeRawBufferPointer, to data: inout [UInt8], index: Int
    ) throws(SluiceError) {
        let units = (0..<(element.count / 4)).map { position in
            let unit = element.loadUnaligned(fromByteOffset: position * 4, as: UInt32.self)
            return type.isBigEndian ? unit.byteSwapped : unit
        }
        for unit in units.prefix((units.lastIndex { $0 != 0 } ?? -1) + 1) {
            guard let scalar = Unicode.Scalar(unit) else {
                throw SluiceError(
                    .invalidInput,
                    """
                    input "\(name)": element \(Shape.place(of: index, in: arrayShape)) of the npy array holds the number \(unit), \
                    which is no Unicode character
                    """,
                    detail: [.init("input", name)])
            }
            data.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }
}
