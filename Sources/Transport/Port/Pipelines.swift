internal import NIOCore
internal import NIOHTTP2

extension ChannelPipeline.SynchronousOperations {
    /// The handlers of a connection that speaks HTTP/2.
    func addHTTP2(port: Port, scratch: LoopScratch) throws {
        let handler = NIOHTTP2Handler(
            mode: .server, connectionConfiguration: HTTP2Limits.connection(for: port.service.listener),
            streamConfiguration: HTTP2Limits.stream)
        try addHandlers(handler, HTTP2Connection(port: port, scratch: scratch))
    }
}
