internal import Configuration
package import Gateway
package import Logging
package import NIOCore
internal import NIOConcurrencyHelpers
internal import NIOPosix
package import Telemetry
internal import Tensors

/// The listeners of one gateway and the connections that they took in.
package final class GatewayServer: Sendable {
    private struct Listening: Sendable {
        var port: Port
        var channel: any Channel
        /// The listener that it was opened for.
        var listener: ListenerConfiguration

        /// Whether this is the socket that the listener wants. One on a free port of the system's choice is known by its
        /// name.
        func isMeant(by listener: ListenerConfiguration) -> Bool {
            self.listener.host == listener.host && self.listener.port == listener.port
                && (listener.port != 0 || self.listener.name == listener.name)
        }
    }

    private let group: MultiThreadedEventLoopGroup
    private let listening = NIOLockedValueBox<[Listening]>([])
    private let connections = ConnectionRegistry()
    private let bodies = BodyBudget(limit: 0)
    private let scratches: [ObjectIdentifier: LoopScratch]
    private let metrics: GatewayMetrics
    private let logger: Logger
    private let logThreshold: LogThreshold
    private let administration = NIOLockedValueBox<Administration?>(nil)

    /// Where each listener listens, by name.
    package var addresses: [(name: String, address: SocketAddress)] {
        listening.withLockedValue { $0 }.compactMap { listener in
            listener.channel.localAddress.map { (listener.listener.name, $0) }
        }
    }

    /// A server that doesn't listen yet.
    package init(metrics: GatewayMetrics, threads: Int, logger: Logger, logThreshold: LogThreshold) {
        self.logThreshold = logThreshold
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        self.group = group
        scratches = Dictionary(
            uniqueKeysWithValues: group.makeIterator().map { (ObjectIdentifier($0), LoopScratch()) })
        self.metrics = metrics
        self.logger = logger
    }

    // MARK: Revisions

    /// Gets ready to serve a gate: opens the listeners that are new, which accept nothing yet.
    ///
    /// Sockets that the new revision has too stay as they are, with their connections. Blocks; not for event loops.
    /// - Throws: the system's error for the first address that can't be had, with its listener; nothing has changed then.
    package func prepare(
        _ gate: Gate, by keeper: Gatekeeper, accessLog: AccessLog?
    ) throws(ListenFailure) -> FrontChange {
        let administration = administration(by: keeper)
        let current = listening.withLockedValue { $0 }
        var next: [Listening] = []
        var opened: [Listening] = []
        var changes: [(port: Port, service: Service)] = []
        for listener in gate.configuration.listeners {
            let kept = current.first { $0.isMeant(by: listener) }
            do {
                let old = kept?.port.service
                // Certificates watch their files themselves, so they are made anew for other files only.
                let tls =
                    try old?.listener.tls == listener.tls
                    ? old?.tls
                    : listener.tls.map { try TLSCertificates($0, listener: listener.name, logger: logger) }
                let service = Service(
                    gate: gate, listener: listener, metrics: metrics, accessLog: accessLog, bodies: bodies, tls: tls,
                    administration: administration, draining: kept?.port.draining ?? Port.Draining())
                if var kept {
                    kept.listener = listener
                    changes.append((kept.port, service))
                    next.append(kept)
                    continue
                }
                let port = Port(service)
                let channel = try bootstrap(port).bind(host: listener.host, port: listener.port).wait()
                opened.append(Listening(port: port, channel: channel, listener: listener))
            } catch {
                for listener in opened { listener.channel.close(promise: nil) }
                throw ListenFailure(
                    listener: listener.name, address: "\(listener.host):\(listener.port)", reason: error)
            }
        }
        next += opened
        let kept = Set(next.map { ObjectIdentifier($0.port) })
        let removed = current.filter { !kept.contains(ObjectIdentifier($0.port)) }
        let drain = TimeAmount.nanoseconds(Int64(clamping: gate.configuration.drain.wholeNanoseconds))
        return FrontChange(
            commit: { [self, next, opened, changes] in
                bodies.limit = gate.configuration.maxInflight
                for (port, service) in changes { port.change(to: service) }
                listening.withLockedValue { $0 = next }
                for listener in opened {
                    announce(listener)
                    // The sockets were bound without reading, that is without accepting.
                    listener.channel.setOption(.autoRead, value: true).whenSuccess { listener.channel.read() }
                }
                for listener in removed { retire(listener, within: drain) }
            },
            cancel: { [opened] in for listener in opened { listener.channel.close(promise: nil) } })
    }

    private func administration(by keeper: Gatekeeper) -> Administration {
        administration.withLockedValue { administration in
            if let administration { return administration }
            let new = Administration(keeper: keeper, logThreshold: logThreshold)
            administration = new
            return new
        }
    }

    private func announce(_ listener: Listening) {
        guard let address = listener.channel.localAddress else { return }
        logger.info(
            "listening", metadata: ["listener": "\(listener.listener.name)", "address": "\(address.hostAndPort)"])
    }

    /// A listener that the new revision doesn't have: takes no more connections, and lets go of those it has.
    private func retire(_ listener: Listening, within time: TimeAmount) {
        listener.port.draining.start()
        listener.channel.closeFuture.whenComplete { [logger] _ in
            logger.info("no longer listening", metadata: ["listener": "\(listener.listener.name)"])
        }
        listener.channel.close(promise: nil)
        connections.drain(listener.port)
        group.next().scheduleTask(in: time) { [connections, port = listener.port] in
            connections.close(port)
        }
    }

    private func bootstrap(_ port: Port) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 4096, maximum: 256 << 10)
            )
            .childChannelInitializer { [connections, scratches] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let firewall = port.service.listener.firewall {
                        // Before a byte of it is read.
                        guard firewall.admits(channel.remoteAddress?.ipAddress.flatMap { NetworkAddress($0) }) else {
                            let service = port.service
                            service.metrics.firewallRefusals(listener: service.listener.name).increment()
                            return channel.close(promise: nil)
                        }
                    }
                    guard connections.admit(channel, port: port) else {
                        try channel.pipeline.syncOperations.addHandler(ConnectionRefusal())
                        return
                    }
                    let scratch = scratches[ObjectIdentifier(channel.eventLoop)] ?? LoopScratch()
                    try channel.pipeline.syncOperations.addHandler(PortSniffer(port: port, scratch: scratch))
                }
            }
    }

    // MARK: The end

    /// Stops listening, lets running requests finish for up to `timeout`, then closes what is left.
    ///
    /// - Returns: connections that had to be closed in the middle of a request.
    package func drain(timeout: Duration) async -> Int {
        for listener in listening.withLockedValue({ $0 }) {
            listener.port.draining.start()
            try? await listener.channel.close().get()
        }
        connections.drain()
        let cut = await connections.waitUntilEmpty(timeout: timeout)
        try? await group.shutdownGracefully()
        return cut
    }
}

/// An address that can't be had.
package struct ListenFailure: Error, CustomStringConvertible {
    package var listener: String
    package var address: String
    package var reason: any Error

    package var description: String { "listener \"\(listener)\" can't have \(address): \(reason)" }
}

extension SocketAddress {
    /// The address as a URL has it: `127.0.0.1:8080`, `[::1]:8080`.
    package var hostAndPort: String {
        guard let ipAddress, let port else { return description }
        return self.protocol == .inet6 ? "[\(ipAddress)]:\(port)" : "\(ipAddress):\(port)"
    }
}
