package import Tensors

/// Collects the elements of one tensor, in row-major order, as they are read from text.
///
/// They go straight into the aligned memory that the plugin will read; nothing is allocated per element. Range errors
/// are errors: 300 is no INT8, 1.5 no integer (1.0 is), and a number that rounds to infinity no float.
package final class TensorBuilder {
    package let dataType: DataType
    /// How many elements there are so far.
    package private(set) var count = 0
    /// The elements, or the data of BYTES; `byteCount` of them are in use.
    private var storage = TensorStorage.empty
    private var byteCount = 0
    /// The end of each BYTES element, after a first 0.
    private var offsets = TensorStorage.empty

    /// - Parameter expectedCount: How many elements are likely to come; a hint that saves growing.
    package init(_ dataType: DataType, expectedCount: Int = 0) {
        self.dataType = dataType
        if dataType == .bytes {
            offsets = Self.grown(.empty, used: 0, atLeast: 8 * (min(max(expectedCount, 0), 1 << 16) + 1))
            offsets.base.storeBytes(of: 0, as: Int64.self)
        } else if expectedCount > 0 {
            storage = Self.grown(.empty, used: 0, atLeast: min(expectedCount, 1 << 16) * dataType.byteWidth)
        }
    }

    /// Appends a number, converted to the data type.
    ///
    /// - Throws: a fault where the type can't hold it, or is BOOL or BYTES.
    package func append(_ number: DecimalNumber) throws(ElementFault) {
        switch dataType {
        case .uint8: try append(number, as: UInt8.self)
        case .uint16: try append(number, as: UInt16.self)
        case .uint32: try append(number, as: UInt32.self)
        case .uint64: try append(number, as: UInt64.self)
        case .int8: try append(number, as: Int8.self)
        case .int16: try append(number, as: Int16.self)
        case .int32: try append(number, as: Int32.self)
        case .int64: try append(number, as: Int64.self)
        case .fp16: try append(number, as: Half.self)
        case .bf16: try append(number, as: BrainFloat.self)
        case .fp32: try append(number, as: Float.self)
        case .fp64: try append(number, as: Double.self)
        case .bool, .bytes: throw ElementFault(.wrongSort, text: "a number", dataType: dataType)
        }
    }

    private func append<Element: NumberElement>(
        _ number: DecimalNumber, as type: Element.Type
    ) throws(ElementFault) {
        do throws(NumberFault) {
            appendElement(try Element(number))
        } catch {
            throw ElementFault(error, number, dataType: dataType)
        }
    }

    /// Appends a truth value.
    ///
    /// - Throws: a fault where the type isn't BOOL.
    package func append(_ value: Bool) throws(ElementFault) {
        guard dataType == .bool else {
            throw ElementFault(.wrongSort, text: value ? "true" : "false", dataType: dataType)
        }
        appendElement(value ? 1 as UInt8 : 0)
    }

    /// Appends a string or other bytes as they are.
    ///
    /// - Throws: a fault where the type isn't BYTES.
    package func append(bytes: UnsafeRawBufferPointer) throws(ElementFault) {
        guard dataType == .bytes else { throw ElementFault(.wrongSort, text: "a string", dataType: dataType) }
        appendBytesElement(bytes)
    }

    /// Appends an element of BYTES, which the data type is known to be.
    func appendBytesElement(_ bytes: UnsafeRawBufferPointer) {
        if let start = bytes.baseAddress, bytes.count > 0 {
            reserve(bytes.count)
            (storage.base + byteCount).copyMemory(from: start, byteCount: bytes.count)
            byteCount += bytes.count
        }
        endBytesElement()
    }

    /// Makes the bytes written by `appendBytes(upTo:)` since the last element one element of BYTES.
    func endBytesElement() {
        count += 1
        let end = 8 * (count + 1)
        if end > offsets.byteCount { offsets = Self.grown(offsets, used: end - 8, atLeast: end) }
        offsets.base.storeBytes(of: Int64(byteCount), toByteOffset: end - 8, as: Int64.self)
    }

    /// Lets `write` put up to `limit` bytes at the end of the data of BYTES; it returns how many it wrote, or `nil` to
    /// leave the data as they were. `endBytesElement` then makes them an element.
    func appendBytes(upTo limit: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int?) -> Bool {
        reserve(limit)
        guard let written = write((storage.base + byteCount).assumingMemoryBound(to: UInt8.self)) else { return false }
        byteCount += written
        return true
    }

    /// Appends a copy of an element of a tensor of the same data type.
    func append(element index: Int, of tensor: Tensor) {
        guard dataType != .bytes else {
            return tensor.withElement(index) { appendBytesElement($0) }
        }
        let width = dataType.byteWidth
        reserve(width)
        tensor.withBytes { bytes in
            UnsafeMutableRawBufferPointer(start: storage.base + byteCount, count: width)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[(index * width)..<((index + 1) * width)]))
        }
        byteCount += width
        count += 1
    }

    /// Appends one element that is known to be of the data type's width.
    func appendElement<Element: BitwiseCopyable>(_ value: Element) {
        let width = MemoryLayout<Element>.size
        reserve(width)
        storage.base.storeBytes(of: value, toByteOffset: byteCount, as: Element.self)
        byteCount += width
        count += 1
    }

    /// The memory behind the elements so far, with room for at least so many more; `takeElements` tells how many there are.
    ///
    /// Who reads many numbers keeps its bounds at hand, and need not ask for each of them.
    func room<Element: BitwiseCopyable>(
        for additional: Int, as type: Element.Type
    ) -> UnsafeMutableBufferPointer<Element> {
        let width = MemoryLayout<Element>.size
        reserve(additional * width)
        return UnsafeMutableBufferPointer(
            start: (storage.base + byteCount).assumingMemoryBound(to: Element.self),
            count: (storage.byteCount - byteCount) / width)
    }

    /// Takes what has been written to the room given last as elements, as far as `end`.
    func takeElements<Element: BitwiseCopyable>(upTo end: UnsafeMutablePointer<Element>) {
        let bytes = UnsafeMutableRawPointer(end) - (storage.base + byteCount)
        assert(bytes >= 0 && byteCount + bytes <= storage.byteCount)
        byteCount += bytes
        count += bytes / MemoryLayout<Element>.size
    }

    /// Takes back the elements behind the first so many.
    func truncate(to count: Int) {
        self.count = count
        byteCount =
            dataType == .bytes
            ? Int(offsets.base.load(fromByteOffset: 8 * count, as: Int64.self)) : count * dataType.byteWidth
    }

    /// Makes room for so many bytes more.
    private func reserve(_ additional: Int) {
        guard additional > storage.byteCount - byteCount else { return }
        storage = Self.grown(storage, used: byteCount, atLeast: byteCount + additional)
    }

    private static func grown(_ storage: TensorStorage, used: Int, atLeast needed: Int) -> TensorStorage {
        // The pool keeps powers of two and needs an alignment's worth of each for itself.
        let bits = Int.bitWidth - (max(needed, 192) + TensorStorage.alignment - 1).leadingZeroBitCount
        let larger = TensorStorage.allocate(byteCount: 1 << bits - TensorStorage.alignment)
        larger.base.copyMemory(from: storage.base, byteCount: used)
        return larger
    }

    /// The tensor of all elements. The builder is empty afterwards.
    ///
    /// - Throws: `invalid_input` where the shape doesn't take exactly that many elements.
    package func finish(name: String, shape: [Int]) throws(SluiceError) -> Tensor {
        guard Shape.elementCount(shape) == count else {
            throw SluiceError(
                .invalidInput,
                """
                input "\(name)": shape \(Shape.text(Array(shape.prefix(8)))) takes \
                \(Shape.elementCount(shape).map(String.init) ?? "too many") elements, but there are \(count)
                """,
                detail: [.init("input", name)])
        }
        let (elements, used, ends) = (storage, byteCount, offsets)
        let offsetBytes = 8 * (count + 1)
        (storage, byteCount, count) = (.empty, 0, 0)
        guard dataType == .bytes else {
            return try Tensor(name: name, dataType: dataType, shape: shape, storage: elements, byteCount: used)
        }
        offsets = Self.grown(.empty, used: 0, atLeast: 8)
        offsets.base.storeBytes(of: 0, as: Int64.self)
        return try Tensor(
            name: name, bytesOf: shape,
            data: .slice(of: UnsafeRawBufferPointer(rebasing: elements.bytes[..<used]), keptAliveBy: elements),
            offsets: .slice(of: UnsafeRawBufferPointer(rebasing: ends.bytes[..<offsetBytes]), keptAliveBy: ends))
    }
}
