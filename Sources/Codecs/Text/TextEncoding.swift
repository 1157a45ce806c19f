internal import Tensors

/// How bytes are text.
enum TextEncoding: Sendable, Equatable {
    case utf8
    case windows1252
    case utf16(isBigEndian: Bool)

    /// The encoding that a `charset` names, as browsers understand it: Latin 1 is Windows' own; UTF-16 without more is
    /// little-endian, if no byte order mark says otherwise.
    init?(charset: String) {
        switch charset.lowercased() {
        case "utf-8", "utf8", "us-ascii": self = .utf8
        case "windows-1252", "cp1252", "iso-8859-1", "latin1": self = .windows1252
        case "utf-16", "utf-16le": self = .utf16(isBigEndian: false)
        case "utf-16be": self = .utf16(isBigEndian: true)
        default: return nil
        }
    }

    /// The encoding that a byte order mark tells.
    init?(markOf bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: [0xFF, 0xFE]) {
            self = .utf16(isBigEndian: false)
        } else if bytes.starts(with: [0xFE, 0xFF]) {
            self = .utf16(isBigEndian: true)
        } else if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            self = .utf8
        } else {
            return nil
        }
    }

    /// The text as UTF-8, in memory of its own, without a byte order mark.
    ///
    /// - Throws: `malformed_body` with the first byte that is no text.
    func utf8(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) -> RequestBody {
        // Two bytes of UTF-16 become three at most, one of Windows' too.
        let storage = TensorStorage.allocateIfPossible(byteCount: bytes.count * 3)
        guard let storage else { throw SluiceError(.overloaded, "there is no memory to read the text") }
        var count = 0
        func append(_ scalar: Unicode.Scalar) {
            for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                storage.base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
                count += 1
            }
        }
        switch self {
        case .utf8: preconditionFailure("UTF-8 is UTF-8 already")
        case .windows1252:
            for (index, byte) in bytes.enumerated() {
                let value = (0x80..<0xA0).contains(byte) ? Self.windowsLetters[Int(byte) - 0x80] : UInt32(byte)
                guard value != 0xFFFF, let scalar = Unicode.Scalar(value) else {
                    throw Self.fault("windows-1252", at: index)
                }
                append(scalar)
            }
        case .utf16(let isBigEndian):
            guard bytes.count % 2 == 0 else { throw Self.fault("UTF-16", at: bytes.count - 1) }
            func unit(_ index: Int) -> UInt32 {
                let unit = bytes.loadUnaligned(fromByteOffset: index, as: UInt16.self)
                return UInt32(isBigEndian ? UInt16(bigEndian: unit) : UInt16(littleEndian: unit))
            }
            var index = 0
            while index < bytes.count {
                var value = unit(index)
                if value & 0xFC00 == 0xD800, index + 2 < bytes.count, unit(index + 2) & 0xFC00 == 0xDC00 {
                    value = 0x10000 + (value & 0x3FF) << 10 + unit(index + 2) & 0x3FF
                    index += 2
                }
                guard let scalar = Unicode.Scalar(value) else { throw Self.fault("UTF-16", at: index) }
                if index > 0 || value != 0xFEFF { append(scalar) }
                index += 2
            }
        }
        return RequestBody(storage, range: 0..<count)
    }

    private static func fault(_ name: String, at byte: Int) -> SluiceError {
        SluiceError(
            .malformedBody, "the body is no text in \(name): byte \(byte) can't be read", detail: [.init("byte", byte)])
    }

    /// What Windows has between 0x80 and 0x9F; 0xFFFF is nothing.
    private static let windowsLetters: [UInt32] = [
        0x20AC, 0xFFFF, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFF,
        0x017D, 0xFFFF, 0xFFFF, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0xFFFF, 0x017E, 0x0178,
    ]
}
