internal import Configuration
package import Gateway
package import Logging
package import NIOCore
internal import NIOPosix
package import Telemetry
internal import Tensors

/// The listeners of one gateway and the connections that they took in.
package final class GatewayServer: Sendable {
    private struct Listening: Sendable {
        var service: Service
        var channel: any Channel
    }

    private let group: MultiThreadedEventLoopGroup
    private let listening: [Listening]
    private let connections: ConnectionRegistry
    private let logger: Logger

    /// Where each listener listens, by name.
    package var addresses: [(name: String, address: SocketAddress)] {
        listening.compactMap { listener in
            listener.channel.localAddress.map { (listener.service.listener.name, $0) }
        }
    }

    private init(
        group: MultiThreadedEventLoopGroup, listening: [Listening], connections: ConnectionRegistry, logger: Logger
    ) {
        self.group = group
        self.listening = listening
        self.connections = connections
        self.logger = logger
    }

    /// Opens every listener.
    ///
    /// - Throws: the system's error for the first address that can't be had; nothing listens then.
    package static func start(
        gate: Gate, metrics: GatewayMetrics, accessLog: AccessLog?, threads: Int, logger: Logger
    ) async throws -> GatewayServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let scratches = Dictionary(
            uniqueKeysWithValues: group.makeIterator().map { (ObjectIdentifier($0), LoopScratch()) })
        let bodies = BodyBudget(limit: gate.configuration.maxInflight)
        let connections = ConnectionRegistry()
        var listening: [Listening] = []
        do {
            for listener in gate.configuration.listeners {
                let tls = try listener.tls.map { files in
                    try TLSCertificates(files, listener: listener.name, logger: logger)
                }
                let service = Service(
                    gate: gate, listener: listener, metrics: metrics, accessLog: accessLog, bodies: bodies, tls: tls)
                let channel = try await bootstrap(
                    group: group, service: service, connections: connections, scratches: scratches
                )
                .bind(host: listener.host, port: listener.port).get()
                listening.append(Listening(service: service, channel: channel))
            }
        } catch {
            for listener in listening { try? await listener.channel.close().get() }
            try? await group.shutdownGracefully()
            throw error
        }
        return GatewayServer(group: group, listening: listening, connections: connections, logger: logger)
    }

    private static func bootstrap(
        group: MultiThreadedEventLoopGroup, service: Service, connections: ConnectionRegistry,
        scratches: [ObjectIdentifier: LoopScratch]
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 4096, maximum: 256 << 10)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel, limit: service.listener.maxConnections, service: service) else {
                        try channel.pipeline.syncOperations.addHandler(ConnectionRefusal())
                        return
                    }
                    let scratch = scratches[ObjectIdentifier(channel.eventLoop)] ?? LoopScratch()
                    try channel.pipeline.syncOperations.addHandler(PortSniffer(service: service, scratch: scratch))
                }
            }
    }

    /// Stops listening, lets running requests finish for up to `timeout`, then closes what is left.
    ///
    /// - Returns: connections that had to be closed in the middle of a request.
    package func drain(timeout: Duration) async -> Int {
        for listener in listening {
            listener.service.drain()
            try? await listener.channel.close().get()
        }
        connections.drainAll()
        let cut = await connections.waitUntilEmpty(timeout: timeout)
        try? await group.shutdownGracefully()
        return cut
    }
}
