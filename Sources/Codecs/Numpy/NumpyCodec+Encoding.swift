package import Tensors

extension NumpyCodec {
    /// Larger string arrays aren't written: `U` and `S` pad every element to the longest.
    private static let maximumStringBytes = 256 << 20

    /// Writes one output. BF16 is widened to float32; BYTES become `U` where all are UTF-8, else `S`.
    ///
    /// - Throws: `not_acceptable` where there is not exactly one output, or NumPy's strings can't hold its elements.
    package static func encode(_ tensors: [Tensor]) throws(SluiceError) -> EncodedBody {
        guard let tensor = tensors.first, tensors.count == 1 else {
            let names = tensors.map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw SluiceError(
                .notAcceptable,
                """
                an npy file carries one array, but there are \(tensors.count) outputs (\(names)); \
                ask for one with ?outputs=NAME
                """,
                detail: [.init("outputs", tensors.map(\.name))])
        }
        return EncodedBody(mediaType: AnswerFormat.npy.mediaType, segments: try file(of: tensor))
    }

    /// One file of one array.
    ///
    /// - Throws: `not_acceptable` where NumPy's strings can't hold the elements.
    static func file(of tensor: Tensor) throws(SluiceError) -> [EncodedBody.Segment] {
        switch tensor.dataType {
        case .bytes: return [.bytes(try strings(tensor))]
        case .bf16:
            let header = NumpyHeader.write(type: "<f4", shape: tensor.shape)
            let widened = tensor.elements(as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
            return [.bytes(header + widened.withUnsafeBytes { Array($0) })]
        default:
            let type = NumpyType.text(for: tensor.dataType) ?? ""
            return [.bytes(NumpyHeader.write(type: type, shape: tensor.shape)), .tensor(tensor)]
        }
    }

    private static func strings(_ tensor: Tensor) throws(SluiceError) -> [UInt8] {
        var isText = true
        var longest = 1
        for index in 0..<tensor.elementCount {
            let (isUTF8, length, endsInZero) = tensor.withElement(index) { bytes in
                (UTF8Check.isValid(bytes), bytes.count, bytes.last == 0)
            }
            guard !endsInZero else {
                throw SluiceError(
                    .notAcceptable,
                    """
                    output "\(tensor.name)", element \(index): NumPy's strings lose the zero bytes at their ends; \
                    ask for application/json or application/xml
                    """,
                    detail: [.init("output", tensor.name), .init("element", index)])
            }
            isText = isText && isUTF8
            longest = max(longest, length)
        }
        if isText {
            longest = 1
            for index in 0..<tensor.elementCount {
                longest = max(
                    longest, tensor.withElement(index) { String(decoding: $0, as: UTF8.self) }.unicodeScalars.count)
            }
        }
        let width = isText ? longest * 4 : longest
        let (byteCount, overflow) = width.multipliedReportingOverflow(by: tensor.elementCount)
        guard !overflow, byteCount <= maximumStringBytes else {
            throw SluiceError(
                .notAcceptable,
                """
                output "\(tensor.name)" would take \(overflow ? "too many" : String(byteCount)) bytes as npy, which pads \
                every string to the longest; ask for application/json
                """,
                detail: [.init("output", tensor.name)])
        }
        var bytes = NumpyHeader.write(type: (isText ? "<U" : "|S") + String(longest), shape: tensor.shape)
        bytes.reserveCapacity(bytes.count + byteCount)
        for index in 0..<tensor.elementCount {
            let end = bytes.count + width
            tensor.withElement(index) { element in
                guard isText else { return bytes.append(contentsOf: element) }
                for scalar in String(decoding: element, as: UTF8.self).unicodeScalars {
                    for shift in stride(from: 0, to: 32, by: 8) {
                        bytes.append(UInt8(truncatingIfNeeded: scalar.value >> UInt32(shift)))
                    }
                }
            }
            bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
        }
        return bytes
    }
}
