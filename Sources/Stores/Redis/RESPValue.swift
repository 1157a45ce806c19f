internal import NIOCore

/// One value of Redis' protocol, version 2.
enum RESPValue: Sendable, Equatable {
    case simple(String)
    case error(String)
    case integer(Int64)
    /// `nil` for a value that isn't there.
    case bulk([UInt8]?)
    case array([RESPValue]?)

    /// The number in it, whichever way it is written.
    var number: Int64? {
        switch self {
        case .integer(let value): value
        case .bulk(let bytes?): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }
}

extension ByteBuffer {
    /// Appends a command as Redis reads it: an array of texts.
    mutating func writeCommand(_ words: [String]) {
        writeString("*\(words.count)\r\n")
        for word in words {
            writeString("$\(word.utf8.count)\r\n")
            writeString(word)
            writeString("\r\n")
        }
    }
}
