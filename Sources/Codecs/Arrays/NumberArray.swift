internal import Tensors

/// An array of numbers as a file holds it, to become a tensor of the declared type: byte order, axis order and type.
struct NumberArray {
    /// The input that it becomes.
    var input: String
    /// What messages call it, e.g. `npy array`.
    var noun: String
    /// Of its own elements; any but BYTES.
    var type: DataType
    var isBigEndian = false
    var isFortranOrder = false
    /// The shape as the file has it.
    var arrayShape: [Int]
    /// The shape of the tensor: the same elements in the same order.
    var shape: [Int]
    /// Exactly the elements.
    var bytes: UnsafeRawBufferPointer

    private var count: Int { bytes.count / type.byteWidth }

    /// A tensor with memory of its own.
    ///
    /// - Throws: `invalid_input`, naming the element that the data type can't hold.
    func copied(to dataType: DataType) throws(SluiceError) -> Tensor {
        guard type == dataType, !isBigEndian, !isFortranOrder else {
            let isUsual = type == .fp64 && dataType == .fp32 && !isBigEndian && !isFortranOrder
            return try isUsual ? narrowed() : converted(to: dataType)
        }
        if dataType == .bool { try BooleanBytes.check(bytes, input: input) }
        return try Tensor(name: input, dataType: dataType, shape: shape, storage: TensorStorage.copy(of: bytes))
    }

    /// - Parameter storage: what holds `bytes`, from `byteOffset` on; the tensor shares it where it can.
    /// - Throws: `invalid_input`, naming the element that the data type can't hold.
    func tensor(of dataType: DataType, storage: TensorStorage, byteOffset: Int) throws(SluiceError) -> Tensor {
        let isInOrder = !isFortranOrder || arrayShape.count < 2
        let isLittleEndian = !isBigEndian || type.byteWidth == 1
        if type == dataType, isInOrder, isLittleEndian {
            if dataType == .bool { try BooleanBytes.check(bytes, input: input) }
            let isAligned = UInt(bitPattern: storage.base + byteOffset) % UInt(TensorStorage.alignment) == 0
            if isAligned {
                return try Tensor(
                    name: input, dataType: dataType, shape: shape, storage: storage, byteOffset: byteOffset,
                    byteCount: bytes.count)
            }
            return try Tensor(name: input, dataType: dataType, shape: shape, storage: TensorStorage.copy(of: bytes))
        }
        if type == .fp64, dataType == .fp32, isInOrder, isLittleEndian { return try narrowed() }
        return try converted(to: dataType)
    }

    /// What `np.array([[5.1, 3.5]])` needs for nearly every model: float64 to FP32, in order.
    private func narrowed() throws(SluiceError) -> Tensor {
        let count = count
        let storage = TensorStorage.allocate(byteCount: count * 4)
        for index in 0..<count {
            let value = bytes.loadUnaligned(fromByteOffset: index * 8, as: Double.self)
            let rounded = Float(value)
            guard rounded.isFinite || !value.isFinite else { throw unfit(.float(value), at: index, .fp32) }
            storage.base.storeBytes(of: rounded, toByteOffset: index * 4, as: Float.self)
        }
        return try Tensor(name: input, dataType: .fp32, shape: shape, storage: storage)
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
        case .bytes: preconditionFailure("numbers become no strings")
        }
    }

    private func fill<Element: BitwiseCopyable>(
        _ dataType: DataType, _ convert: (ArrayNumber) -> Element?
    ) throws(SluiceError) -> Tensor {
        let count = count
        let width = type.byteWidth
        let storage = TensorStorage.allocate(byteCount: count * MemoryLayout<Element>.size)
        var order = ArrayOrder(shape: arrayShape, isFortranOrder: isFortranOrder)
        for index in 0..<count {
            let number = ArrayNumber(bytes, at: order.next() * width, type: type, isBigEndian: isBigEndian)
            guard let element = convert(number) else { throw unfit(number, at: index, dataType) }
            storage.base.storeBytes(of: element, toByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
        }
        return try Tensor(name: input, dataType: dataType, shape: shape, storage: storage)
    }

    private func unfit(_ number: ArrayNumber, at index: Int, _ dataType: DataType) -> SluiceError {
        SluiceError(
            .invalidInput,
            "input \"\(input)\": element \(Shape.place(of: index, in: arrayShape)) of the \(noun) is \(number.text), "
                + "which \(dataType) can't hold\(number.isInteger || !dataType.isInteger ? "" : " exactly")",
            detail: [.init("input", input), .init("element", index)])
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

extension Shape {
    /// An element's place along every axis, e.g. `[12,3]`.
    static func place(of index: Int, in shape: [Int]) -> String {
        var rest = index
        var place: [Int] = []
        for dimension in shape.reversed() {
            place.append(rest % max(dimension, 1))
            rest /= max(dimension, 1)
        }
        return text(place.reversed())
    }
}

extension TensorSpec {
    /// An array's shape, with a first dimension of 1 where only a free first one is missing.
    func rowShape(_ shape: [Int]) -> [Int] {
        guard let declared = self.shape, declared.count == shape.count + 1, declared[0] < 0 else { return shape }
        let fits = zip(declared.dropFirst(), shape).allSatisfy { $0 < 0 || $0 == $1 }
        return fits ? [1] + shape : shape
    }
}
