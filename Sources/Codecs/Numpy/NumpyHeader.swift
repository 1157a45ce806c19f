internal import Tensors

/// The header of an npy file: what NEP 1 and NumPy's `lib/format.py` define for versions 1.0, 2.0 and 3.0.
struct NumpyHeader: Sendable, Equatable {
    /// Headers of honest arrays take 128 bytes; only structured types, which aren't read, need many more.
    static let maximumLength = 10_000
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// The type as the file spells it, e.g. `<f8`.
    var typeText: String
    var isFortranOrder: Bool
    var shape: [Int]
    /// Where the elements begin.
    var dataOffset: Int

    init(typeText: String, isFortranOrder: Bool, shape: [Int], dataOffset: Int) {
        self.typeText = typeText
        self.isFortranOrder = isFortranOrder
        self.shape = shape
        self.dataOffset = dataOffset
    }

    /// Whether the bytes begin as an npy file does.
    static func hasMagic(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: magic) }

    /// Reads the header at the start of `bytes`.
    ///
    /// - Throws: `malformed_body`, with the byte where that is known.
    init(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        guard Self.hasMagic(bytes) else {
            throw SluiceError(.malformedBody, "the body is no npy file: it doesn't begin with \\x93NUMPY")
        }
        guard bytes.count >= 10 else { throw Self.truncated }
        let version = (bytes[6], bytes[7])
        let lengthWidth: Int
        switch version {
        case (1, 0): lengthWidth = 2
        case (2, 0), (3, 0): lengthWidth = 4
        default:
            throw SluiceError(
                .malformedBody, "npy version \(version.0).\(version.1) is not read here; 1.0, 2.0 and 3.0 are")
        }
        let start = 8 + lengthWidth
        guard bytes.count >= start else { throw Self.truncated }
        var length = 0
        for index in (8..<start).reversed() { length = length << 8 | Int(bytes[index]) }
        guard length <= Self.maximumLength else {
            throw SluiceError(
                .malformedBody,
                "the npy header says it has \(length) bytes; at most \(Self.maximumLength) are read")
        }
        guard bytes.count - start >= length else { throw Self.truncated }
        var parser = NumpyLiteralParser(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)]), at: start)
        self = try parser.header(dataOffset: start + length)
    }

    private static var truncated: SluiceError {
        SluiceError(.malformedBody, "the npy file ends inside its header")
    }

    /// A header of version 1.0 (or 2.0 where it is long), padded so that the elements begin at a multiple of 64 bytes.
    static func write(type: String, shape: [Int]) -> [UInt8] {
        var dimensions = shape.map(String.init).joined(separator: ", ")
        if shape.count == 1 { dimensions += "," }
        let dictionary = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(dimensions)), }"
        let isLong = dictionary.utf8.count + 64 > Int(UInt16.max)
        let prefix = isLong ? 12 : 10
        let total = (prefix + dictionary.utf8.count + 1 + 63) / 64 * 64
        var bytes = magic + [isLong ? 2 : 1, 0]
        let length = total - prefix
        for index in 0..<(prefix - 8) { bytes.append(UInt8(truncatingIfNeeded: length >> (8 * index))) }
        bytes.append(contentsOf: dictionary.utf8)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: total - bytes.count - 1))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}
