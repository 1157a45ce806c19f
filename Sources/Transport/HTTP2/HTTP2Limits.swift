internal import Configuration

/// What a client may do on one HTTP/2 connection, and how much at once.
struct HTTP2Limits {
    /// A window before anybody says otherwise (RFC 9113, section 6.9.2).
    static let windowOfProtocol = 65_535
    /// The largest that a window can be (section 6.9.1).
    static let largestWindow = 0x7FFF_FFFF
    /// The largest frame that everybody takes (section 4.2).
    static let frameOfProtocol = 1 << 14

    /// Requests under way at once.
    var streams = 256
    /// Bytes of one request's body that may be on their way before the gateway has read them: a megabyte's tensor comes in
    /// without waiting for a window.
    var streamWindow = 2 << 20
    /// The same for all requests of a connection together.
    var connectionWindow = 8 << 20
    /// Larger frames make a large tensor cheaper to receive.
    var frame = 1 << 20
    /// Bytes of a request's header fields, each with the 32 that HPACK adds.
    var headerList: Int
    /// Requests that are answered and haven't ended, and bytes that each may still send.
    var answeredStreams = 64
    var unwantedBytes = 64 << 10
    /// Streams of which it is remembered how they ended.
    var rememberedStreams = 512
    /// A client that gives up on its requests resets their streams; one that does nothing else is an attack. gRPC's
    /// clients measure the line with a PING for each round trip's worth of data.
    var floods = FloodGuard.Limits(
        controls: 2_000, resets: 500, faults: 200, emptyFrames: 1, period: 10_000_000_000)
    /// Frames that may wait for a client that takes nothing from its connection.
    var unsentFrames = 10_000

    init(headerList: Int = 32 << 10) {
        self.headerList = headerList
    }

    init(_ listener: ListenerConfiguration) {
        self.init(headerList: listener.maxHeaders)
    }

    /// What the reader of frames has to know of it. A field takes fewer bytes in a header block than it counts for, unless
    /// it was compressed by somebody who means to waste them; padding and priority come on top.
    var reading: HTTP2FrameReader.Limits {
        HTTP2FrameReader.Limits(
            frame: frame, headerBlock: headerList + 512, continuations: 5 + headerList / Self.frameOfProtocol)
    }
}
