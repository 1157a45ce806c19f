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
        let isInOrder = !isFortranOrder || arrayShape.count < 2
        let isLittleEndian = !type.isBigEndian || type.width == 1
        if type.dataType == dataType, isInOrder, isLittleEndian {
            if dataType == .bool { try BooleanBytes.check(bytes, input: name) }
            let isAligned = UInt(bitPattern: storage.base + byteOffset) % UInt(TensorStorage.alignment) == 0
            if isAligned {
                return try Tensor(
                    name: name, dataType: dataType, shape: shape, storage: storage, byteOffset: byteOffset,
                    byteCount: bytes.count)
            }
            return try Tensor(name: name, dataType: dataType, shape: shape, storage: TensorStorage.copy(of: bytes))
        }
        if type.dataType == .fp64, dataType == .fp32, isInOrder, isLittleEndian { return try narrowed() }
        return try converted(to: dataType)
    }

    /// What `np.array([[5.1, 3.5]])` needs for nearly every model: float64 to FP32, in order.
    private func narrowed() throws(SluiceError) -> Tensor {
        let storage = TensorStorage.allocate(byteCount: count * 4)
        for index in 0..<count {
            let value = bytes.loadUnaligned(fromByteOffset: index * 8, as: Double.self)
            let rounded = Float(value)
            guard rounded.isFinite || !value.isFinite else { throw unfit(.float(value), at: index, .fp32) }
            storage.base.storeBytes(of: rounded, toByteOffset: index * 4, as: Float.self)
        }
        return try Tensor(name: name, dataType: .fp32, shape: shape, storage: storage)
    }

    private func converted(to dataType: DataType) throws(SluiceError) -> Tensor {
        switch dataType {
        case .bool: try fill(dataType) { $0.asBool }
        case .uint8: try fill(dataType) { $0.asInteger(UInt8.self) }
        case .uint16: try fill(dataType) { $0.asInteger(UInt16.self) }
        case .uint32: try fill(dataType) { $0.asInteger(UInt32.self) }
        case .uint64: try fill(dataType) { $0.asInteger(UInt64.self) }
        case .int8: try fill(dataType) { $0.asInteger(Int8.self) }
        case .int16: try fill(dataType) { $0.asInteger(Int16.self) }
        case .int32: try fill(dataType) { $0.asInteger(Int32.self) }
        case .int64: try fill(dataType) { $0.asInteger(Int64.self) }
        case .fp16: try fill(dataType) { $0.asFloat(Float16.self) }
        case .bf16: try fill(dataType) { $0.asBFloat16 }
        case .fp32: try fill(dataType) { $0.asFloat(Float.self) }
        case .fp64: try fill(dataType) { $0.asFloat(Double.self) }
        case .bytes: preconditionFailure("strings are read elsewhere")
        }
    }

    private func fill<Element: BitwiseCopyable>(
        _ dataType: DataType, _ convert: (NumpyNumber) -> Element?
    ) throws(SluiceError) -> Tensor {
        let storage = TensorStorage.allocate(byteCount: count * MemoryLayout<Element>.size)
        var order = NumpyOrder(shape: arrayShape, isFortranOrder: isFortranOrder)
        for index in 0..<count {
            let number = NumpyNumber(bytes, at: order.next() * type.width, type: type)
            guard let element = convert(number) else { throw unfit(number, at: index, dataType) }
            storage.base.storeBytes(of: element, toByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
        }
        return try Tensor(name: name, dataType: dataType, shape: shape, storage: storage)
    }

    private func strings() throws(SluiceError) -> Tensor {
        var data: [UInt8] = []
        var offsets: [Int64] = [0]
        offsets.reserveCapacity(count + 1)
        var order = NumpyOrder(shape: arrayShape, isFortranOrder: isFortranOrder)
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
                    input "\(name)": element \(indexText(index)) of the npy array holds the number \(unit), \
                    which is no Unicode character
                    """,
                    detail: [.init("input", name)])
            }
            data.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    private func unfit(_ number: NumpyNumber, at index: Int, _ dataType: DataType) -> SluiceError {
        SluiceError(
            .invalidInput,
            "input \"\(name)\": element \(indexText(index)) of the npy array is \(number.text), "
                + "which \(dataType) can't hold\(number.isInteger || !dataType.isInteger ? "" : " exactly")",
            detail: [.init("input", name), .init("element", index)])
    }

    /// The element's place along every axis, e.g. `[12,3]`.
    private func indexText(_ index: Int) -> String {
        var rest = index
        var place: [Int] = []
        for dimension in arrayShape.reversed() {
            place.append(rest % max(dimension, 1))
            rest /= max(dimension, 1)
        }
        return Shape.text(place.reversed())
    }
}

extension DataType {
    /// Whether the type holds whole numbers only.
    fileprivate var isInteger: Bool {
        switch self {
        case .fp16, .bf16, .fp32, .fp64, .bytes: false
        default: true
        }
    }
}
