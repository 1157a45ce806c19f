internal import Configuration
internal import NIOCore
internal import NIOHTTP1

/// Brings what NIO's parser makes of a connection's bytes to the connection.
final class ParsedRequests: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = ByteBuffer

    private let connection: HTTP1Connection

    private init(_ connection: HTTP1Connection) {
        self.connection = connection
    }

    /// Puts NIO's parser in front of a connection, for good, and gives it the bytes that came in before.
    static func insert(
        before connection: HTTP1Connection, context: ChannelHandlerContext, bytes: ByteBuffer
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = connection.service.listener.maxHeaders
        limits.maxHeaderListSize = connection.service.listener.maxHeaders + (8 << 10)
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits))
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandlers(
            [decoder, ParsedRequests(connection)], position: .before(connection))
        decoder.channelRead(context: try pipeline.context(handler: decoder), data: NIOAny(bytes))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let context = connection.context else { return }
        connection.receiveParsed(unwrapInboundIn(data), context: context)
    }
}
