internal import Tensors

/// Tensors as raw bytes: little-endian, row-major, BYTES with a 32-bit length before each element.
///
/// The binary tensor data extension of the Open Inference Protocol.
enum RawTensor {
    /// Reads the tensor that takes exactly `range` of the body.
    ///
    /// Aligned bytes are used where they lie; others are copied once.
    static func read(
        _ body: RequestBody, _ range: Range<Int>, name: String, dataType: DataType, shape: [Int]
    ) throws(SluiceError) -> Tensor {
        if dataType == .bytes {
            return try readElements(
                UnsafeRawBufferPointer(rebasing: body.bytes[range]), name: name, shape: shape)
        }
        guard Shape.byteCount(shape, of: dataType) == range.count else {
            let needed = Shape.byteCount(shape, of: dataType).map { "\($0) bytes" } ?? "more bytes than there can be"
            throw error(
                name, "\(dataType) of shape \(Shape.text(shape)) takes \(needed), but there are \(range.count)")
        }
        if dataType == .bool {
            try BooleanBytes.check(UnsafeRawBufferPointer(rebasing: body.bytes[range]), input: name)
        }
        let offset = body.range.lowerBound + range.lowerBound
        if UInt(bitPattern: body.storage.base + offset) % UInt(TensorStorage.alignment) == 0 {
            return try Tensor(
                name: name, dataType: dataType, shape: shape, storage: body.storage, byteOffset: offset,
                byteCount: range.count)
        }
        let copy = TensorStorage.copy(of: UnsafeRawBufferPointer(rebasing: body.bytes[range]))
        return try Tensor(name: name, dataType: dataType, shape: shape, storage: copy)
    }

    private static func readElements(
        _ bytes: UnsafeRawBufferPointer, name: String, shape: [Int]
    ) throws(SluiceError) -> Tensor {
        // Each element takes at least its length, which bounds the count before anything is made for it.
        guard let count = Shape.elementCount(shape), count <= bytes.count / 4 else {
            throw error(
                name, "\(bytes.count) bytes are too few for BYTES of shape \(Shape.text(Array(shape.prefix(8))))")
        }
        let builder = TensorBuilder(.bytes, expectedCount: count)
        var position = 0
        for index in 0..<count {
            guard bytes.count - position >= 4 else {
                throw error(name, "element \(index + 1) of \(count) has no length: its bytes end too early")
            }
            let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
            position += 4
            guard length <= bytes.count - position else {
                throw error(
                    name,
                    "element \(index + 1) says it has \(length) bytes, but only \(bytes.count - position) are left")
            }
            builder.appendBytesElement(
                UnsafeRawBufferPointer(rebasing: bytes[position..<(position + length)]))
            position += length
        }
        guard position == bytes.count else {
            throw error(name, "\(bytes.count - position) bytes follow the last of \(count) elements")
        }
        return try builder.finish(name: name, shape: shape)
    }

    /// The elements of a BYTES tensor with their lengths before them.
    ///
    /// - Throws: `not_acceptable` where an element is longer than 32 bits can say.
    static func lengthPrefixed(_ tensor: Tensor) throws(SluiceError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(tensor.byteCount + 4 * tensor.elementCount)
        for index in 0..<tensor.elementCount {
            let fits = tensor.withElement(index) { element in
                guard let length = UInt32(exactly: element.count) else { return false }
                withUnsafeBytes(of: length.littleEndian) { bytes.append(contentsOf: $0) }
                bytes.append(contentsOf: element)
                return true
            }
            guard fits else {
                throw SluiceError(
                    .notAcceptable, "output \"\(tensor.name)\", element \(index + 1): 4 GiB or more can't be sent")
            }
        }
        return bytes
    }

    private static func error(_ name: String, _ problem: String) -> SluiceError {
        SluiceError(
            .invalidInput, "input \"\(ElementFault.shortened(name))\": \(problem)",
            detail: [.init("input", ElementFault.shortened(name))])
    }
}
