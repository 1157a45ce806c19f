/// A named, typed, shaped, row-major array of elements; the bytes are shared, never copied with the value.
///
/// `bytes` tensors hold their elements as Arrow's large_binary does: `elementCount + 1` ascending offsets into the data.
package struct Tensor: Sendable {
    package var name: String
    package let dataType: DataType
    /// Dimensions, outermost first; empty for a scalar.
    package let shape: [Int]
    /// Product of the shape.
    package let elementCount: Int
    /// Memory that holds the elements, from `byteOffset` on.
    package let storage: TensorStorage
    /// Where in `storage` the first element lies.
    package let byteOffset: Int
    /// How many bytes the elements take.
    package let byteCount: Int
    /// For `bytes`: `elementCount + 1` native `Int64`s, the first 0, the last `byteCount`.
    package let offsets: TensorStorage?

    /// A tensor of a fixed-width type over `storage`.
    ///
    /// - Throws: `invalid_input` where the shape is no shape or the storage doesn't hold exactly what it asks for.
    package init(
        name: String, dataType: DataType, shape: [Int], storage: TensorStorage, byteOffset: Int = 0,
        byteCount: Int? = nil
    ) throws(SluiceError) {
        precondition(dataType != .bytes, "BYTES tensors need offsets")
        let elements = try Self.checkedElementCount(name: name, shape: shape)
        guard (0...storage.byteCount).contains(byteOffset),
            (0...(storage.byteCount - byteOffset)).contains(byteCount ?? 0)
        else {
            throw SluiceError(
                .invalidInput, "input \"\(name)\": its bytes don't lie within the \(storage.byteCount) that there are",
                detail: [.init("input", name)])
        }
        let present = byteCount ?? (storage.byteCount - byteOffset)
        guard let needed = Shape.byteCount(ofElements: elements, of: dataType), needed == present else {
            throw SluiceError(
                .invalidInput,
                "input \"\(name)\": \(dataType) of shape \(Shape.text(shape)) does not take \(present) bytes",
                detail: [.init("input", name)])
        }
        self.init(
            name: name, dataType: dataType, shape: shape, elementCount: elements, storage: storage,
            byteOffset: byteOffset, byteCount: present, offsets: nil)
    }

    /// A tensor of variable-length elements.
    ///
    /// - Throws: `invalid_input` where the shape is no shape or the offsets don't fit it and the data.
    package init(
        name: String, bytesOf shape: [Int], data: TensorStorage, offsets: TensorStorage
    ) throws(SluiceError) {
        let elements = try Self.checkedElementCount(name: name, shape: shape)
        // `elements` may be as large as an Int can be: nothing is added to it.
        guard offsets.byteCount > 0, offsets.byteCount % Self.offsetWidth == 0,
            offsets.byteCount / Self.offsetWidth - 1 == elements, Self.areAscending(offsets, upTo: data.byteCount)
        else {
            throw SluiceError(
                .invalidInput, "input \"\(name)\": the offsets of its BYTES don't fit its shape \(Shape.text(shape))",
                detail: [.init("input", name)])
        }
        self.init(
            name: name, dataType: .bytes, shape: shape, elementCount: elements, storage: data, byteOffset: 0,
            byteCount: data.byteCount, offsets: offsets)
    }

    private init(
        name: String, dataType: DataType, shape: [Int], elementCount: Int, storage: TensorStorage, byteOffset: Int,
        byteCount: Int, offsets: TensorStorage?
    ) {
        self.name = name
        self.dataType = dataType
        self.shape = shape
        self.elementCount = elementCount
        self.storage = storage
        self.byteOffset = byteOffset
        self.byteCount = byteCount
        self.offsets = offsets
    }

    /// The same elements, with an axis of size 1 before all others.
    package var asOneRow: Tensor {
        Tensor(
            name: name, dataType: dataType, shape: [1] + shape, elementCount: elementCount, storage: storage,
            byteOffset: byteOffset, byteCount: byteCount, offsets: offsets)
    }

    private static func checkedElementCount(name: String, shape: [Int]) throws(SluiceError) -> Int {
        guard shape.count <= Shape.maximumRank, let elements = Shape.elementCount(shape) else {
            throw SluiceError(
                .invalidInput, "input \"\(name)\": \(Shape.text(Array(shape.prefix(8)))) is no possible shape",
                detail: [.init("input", name)])
        }
        return elements
    }

    private static func areAscending(_ offsets: TensorStorage, upTo end: Int) -> Bool {
        var previous: Int64 = 0
        for index in 0..<(offsets.byteCount / offsetWidth) {
            let value = offset(index, in: offsets)
            guard index == 0 ? value == 0 : value >= previous else { return false }
            previous = value
        }
        return previous == Int64(end)
    }

    /// Bytes of one offset, an `Int64`.
    private static let offsetWidth = 8

    /// Offsets may lie anywhere, e.g. in the middle of a received body, so they are never taken to be aligned.
    private static func offset(_ index: Int, in offsets: TensorStorage) -> Int64 {
        offsets.bytes.loadUnaligned(fromByteOffset: index * offsetWidth, as: Int64.self)
    }
}

extension Tensor {
    /// The elements' bytes. Valid only inside `body`.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount))
    }

    /// The bytes of element `index` of a `bytes` tensor. Valid only inside `body`.
    package func withElement<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard let offsets else { preconditionFailure("only BYTES tensors have elements of their own length") }
        precondition(index >= 0 && index < elementCount)
        defer { withExtendedLifetime((storage, offsets)) {} }
        let start = Int(Self.offset(index, in: offsets))
        let end = Int(Self.offset(index + 1, in: offsets))
        return body(UnsafeRawBufferPointer(start: storage.base + start, count: end - start))
    }

    /// The elements of a fixed-width tensor as an array, whatever the alignment; for tests and small tensors.
    package func elements<Element: BitwiseCopyable>(as type: Element.Type) -> [Element] {
        withBytes { bytes in
            (0..<(bytes.count / MemoryLayout<Element>.size)).map {
                bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: type)
            }
        }
    }

    /// The elements of a `bytes` tensor as text; for tests and small tensors.
    package var strings: [String] {
        (0..<elementCount).map { index in withElement(index) { String(decoding: $0, as: UTF8.self) } }
    }

    /// A tensor over a fresh aligned copy of `elements`.
    package init<Element: BitwiseCopyable>(
        name: String, dataType: DataType, shape: [Int], copying elements: [Element]
    ) throws(SluiceError) {
        let storage = elements.withUnsafeBytes { TensorStorage.copy(of: $0) }
        try self.init(name: name, dataType: dataType, shape: shape, storage: storage)
    }

    /// A `bytes` tensor over a fresh copy of `strings`.
    package init(name: String, shape: [Int], strings: [String]) throws(SluiceError) {
        var data: [UInt8] = []
        var offsets: [Int64] = [0]
        for string in strings {
            data.append(contentsOf: string.utf8)
            offsets.append(Int64(data.count))
        }
        try self.init(
            name: name, bytesOf: shape, data: data.withUnsafeBytes { TensorStorage.copy(of: $0) },
            offsets: offsets.withUnsafeBytes { TensorStorage.copy(of: $0) })
    }
}
