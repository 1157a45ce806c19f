internal import Configuration
internal import NIOCore
internal import NIOHTTP2

/// What a client may do on one HTTP/2 connection, and how much at once.
///
/// NIO's own limits hold where none is named here: 1 empty DATA frame in a row, 5 CONTINUATION frames, 10 000 buffered
/// control frames, 200 errors.
enum HTTP2Limits {
    /// Requests under way at once.
    static let streams = 256
    /// Bytes of one request's body that may be on their way before the gateway has read them.
    static let streamWindow = 1 << 20
    /// The same for all requests of a connection together.
    static let connectionWindow = 8 << 20
    /// Larger frames make a large tensor cheaper to receive.
    static let frame = 1 << 20

    static func connection(for listener: ListenerConfiguration) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: streams),
            HTTP2Setting(parameter: .maxHeaderListSize, value: listener.maxHeaders),
            HTTP2Setting(parameter: .initialWindowSize, value: streamWindow),
            HTTP2Setting(parameter: .maxFrameSize, value: frame),
        ]
        // gRPC's clients measure the line with a PING for each round trip's worth of data.
        configuration.controlFrameRateLimit.maximumCount = 2_000
        configuration.controlFrameRateLimit.windowLength = .seconds(10)
        return configuration
    }

    static var stream: NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        // A client that gives up on its requests resets their streams; one that does nothing else is an attack.
        configuration.streamResetFrameRateLimit.maximumCount = 500
        configuration.streamResetFrameRateLimit.windowLength = .seconds(10)
        return configuration
    }
}
