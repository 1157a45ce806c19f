internal import Tensors

/// The element type of an npy file, e.g. `<f8` or `|S5`.
struct NumpyType: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case bool
        case unsigned
        case signed
        case float
        /// ml_dtypes' bfloat16, which NumPy saves as two opaque bytes.
        case bfloat
        /// `S`: bytes, padded with zeros to the width.
        case bytes
        /// `U`: UTF-32, padded with zeros to the width.
        case text
    }

    /// Longer strings are refused.
    static let maximumStringLength = 1 << 20

    var kind: Kind
    /// Bytes per element.
    var width: Int
    var isBigEndian: Bool
    /// NumPy's own name of the type, for messages.
    var name: String

    /// - Throws: `malformed_body` for a text that is no type, `invalid_input` for a type that no tensor has.
    init(_ text: String) throws(SluiceError) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, let order = Order(rawValue: bytes[0]) else { throw Self.noType(text) }
        var size = 0
        for digit in bytes.dropFirst(2).prefix(10) where size <= Self.maximumStringLength {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { break }
            size = size * 10 + Int(digit - UInt8(ascii: "0"))
        }
        let letter = Character(UnicodeScalar(bytes[1]))
        isBigEndian = order == .big
        switch (letter, size) {
        case ("b", 1): (kind, width, name) = (.bool, 1, "bool")
        case ("u", 1), ("u", 2), ("u", 4), ("u", 8): (kind, width, name) = (.unsigned, size, "uint\(size * 8)")
        case ("i", 1), ("i", 2), ("i", 4), ("i", 8): (kind, width, name) = (.signed, size, "int\(size * 8)")
        case ("f", 2), ("f", 4), ("f", 8): (kind, width, name) = (.float, size, "float\(size * 8)")
        case ("V", 2): (kind, width, name) = (.bfloat, 2, "bfloat16")
        case ("S", 1...Self.maximumStringLength): (kind, width, name) = (.bytes, size, "bytes (S\(size))")
        case ("U", 1...Self.maximumStringLength): (kind, width, name) = (.text, size * 4, "str (U\(size))")
        case ("O", _):
            throw SluiceError(
                .invalidInput,
                "npy arrays of objects hold Python pickles, which are never read; convert with astype() first")
        case ("c", _), ("f", _), ("M", _), ("m", _), ("V", _), ("S", _), ("U", _):
            throw SluiceError(
                .invalidInput,
                "npy arrays of type \(Quote.text(text)) are not read here; convert with astype() to one of "
                    + "bool, int8 to int64, uint8 to uint64, float16 to float64, S or U")
        default: throw Self.noType(text)
        }
        guard text.utf8.count == 2 + String(size).utf8.count, text.hasSuffix(String(size)) else {
            throw Self.noType(text)
        }
    }

    private enum Order: UInt8 {
        case little = 0x3C  // <
        case big = 0x3E  // >
        case native = 0x3D  // =
        case none = 0x7C  // |
    }

    private static func noType(_ text: String) -> SluiceError {
        SluiceError(.malformedBody, "the npy header's descr \(Quote.text(text)) is no NumPy type")
    }

    var isString: Bool { kind == .bytes || kind == .text }

    /// The data type of the same elements; `nil` for strings.
    var dataType: DataType? {
        switch (kind, width) {
        case (.bool, _): .bool
        case (.unsigned, 1): .uint8
        case (.unsigned, 2): .uint16
        case (.unsigned, 4): .uint32
        case (.unsigned, _): .uint64
        case (.signed, 1): .int8
        case (.signed, 2): .int16
        case (.signed, 4): .int32
        case (.signed, _): .int64
        case (.float, 2): .fp16
        case (.float, 4): .fp32
        case (.float, _): .fp64
        case (.bfloat, _): .bf16
        case (.bytes, _), (.text, _): nil
        }
    }

    /// How NumPy spells a fixed-width tensor's type, little-endian; `nil` for `bytes` and for BF16, which it lacks.
    static func text(for dataType: DataType) -> String? {
        switch dataType {
        case .bool: "|b1"
        case .uint8: "|u1"
        case .uint16: "<u2"
        case .uint32: "<u4"
        case .uint64: "<u8"
        case .int8: "|i1"
        case .int16: "<i2"
        case .int32: "<i4"
        case .int64: "<i8"
        case .fp16: "<f2"
        case .fp32: "<f4"
        case .fp64: "<f8"
        case .bf16, .bytes: nil
        }
    }
}
