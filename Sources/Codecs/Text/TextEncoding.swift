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
}
