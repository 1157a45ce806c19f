internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Sends one request whose body and answer may be of any length, both at the same time.
struct InferClient: Sendable {
    var server: InferServer
    /// A file of certificates to trust instead of the system's.
    var authorities: String?

    typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    /// - Parameters:
    ///   - body: gives the body piece by piece; empty at its end.
    ///   - began: gets the head of the answer.
    ///   - part: gets the answer piece by piece.
    /// - Throws: where the answer isn't whole, and nothing else is known.
    func send(
        _ head: HTTPRequestHead, body: @escaping @Sendable () throws -> ByteBuffer,
        began: (HTTPResponseHead) throws -> Void, part: (ByteBuffer) throws -> Void
    ) async throws {
        let connection = try await connect()
        let channel = connection.channel
        try await connection.executeThenClose { inbound, outbound in
            let sending = Task {
                try await outbound.write(.head(head))
                while true {
                    let piece: ByteBuffer
                    do {
                        piece = try body()
                    } catch {
                        // A request that can't be ended has no answer to wait for.
                        channel.close(promise: nil)
                        throw error
                    }
                    if piece.readableBytes == 0 { break }
                    try await outbound.write(.body(.byteBuffer(piece)))
                }
                try await outbound.write(.end(nil))
            }
            defer { sending.cancel() }
            var isWhole = false
            reading: for try await answer in inbound {
                switch answer {
                case .head(let head) where head.status.code < 200: continue
                case .head(let head): try began(head)
                case .body(let bytes): try part(bytes)
                case .end:
                    isWhole = true
                    break reading
                }
            }
            guard isWhole else { throw CommandFailure("the connection ended before the answer did") }
        }
    }

    private func connect() async throws -> Connection {
        let context = try server.isSecure ? tls() : nil
        let name = server.host
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(10))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: server.host, port: server.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let context {
                            let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
                            try pipeline.addHandler(
                                NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : name))
                        }
                        try pipeline.addHTTPClientHandlers()
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw CommandFailure("nobody answers at \(server.authority): \(error)")
        }
    }

    private func tls() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        if let authorities {
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(authorities), !certificates.isEmpty else {
                throw CommandFailure("can't read certificates from \(authorities)")
            }
            configuration.trustRoots = .certificates(certificates)
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
