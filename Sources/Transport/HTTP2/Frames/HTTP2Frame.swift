internal import NIOCore

/// The number of a stream; clients' are odd, 0 is the connection itself (RFC 9113, section 5.1.1).
typealias HTTP2StreamID = Int

/// What a client has sent, whole and with its padding taken off: all that can be said of it by itself has been checked.
enum HTTP2Frame {
    /// HEADERS with all its CONTINUATIONs.
    case headers(stream: HTTP2StreamID, block: ByteBuffer, endsStream: Bool)
    case data(Data)
    case settings([PeerSetting])
    case settingsAcknowledged
    case ping(UInt64)
    case pingAcknowledged
    case reset(stream: HTTP2StreamID)
    case windowUpdate(stream: HTTP2StreamID, increment: Int)
    case goAway
    case priority
    /// Of a type that means nothing here (RFC 9113, section 5.5).
    case unknown

    /// As much of a DATA frame as has come in: large frames come in pieces.
    struct Data {
        var stream: HTTP2StreamID
        var bytes: ByteBuffer
        /// What the whole frame takes of the windows, padding included, with its first piece; `nil` with later ones.
        var frameLength: Int?
        /// What of that has now come in.
        var creditable: Int
        var endsStream: Bool
    }
}

/// Types of frames (RFC 9113, section 6).
enum HTTP2FrameType {
    static let data: UInt8 = 0x0
    static let headers: UInt8 = 0x1
    static let priority: UInt8 = 0x2
    static let reset: UInt8 = 0x3
    static let settings: UInt8 = 0x4
    static let pushPromise: UInt8 = 0x5
    static let ping: UInt8 = 0x6
    static let goAway: UInt8 = 0x7
    static let windowUpdate: UInt8 = 0x8
    static let continuation: UInt8 = 0x9
}

/// Flags of frames (RFC 9113, section 6).
enum HTTP2FrameFlags {
    static let endStream: UInt8 = 0x1
    static let acknowledged: UInt8 = 0x1
    static let endHeaders: UInt8 = 0x4
    static let padded: UInt8 = 0x8
    static let priority: UInt8 = 0x20
}

/// One of a client's settings (RFC 9113, section 6.5.1).
struct PeerSetting: Equatable {
    static let headerTableSize: UInt16 = 0x1
    static let enablePush: UInt16 = 0x2
    static let maxConcurrentStreams: UInt16 = 0x3
    static let initialWindowSize: UInt16 = 0x4
    static let maxFrameSize: UInt16 = 0x5
    static let maxHeaderListSize: UInt16 = 0x6

    var identifier: UInt16
    var value: UInt32
}
