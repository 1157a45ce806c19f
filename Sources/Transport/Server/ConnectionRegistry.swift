internal import Codecs
internal import Configuration
internal import NIOCore
internal import NIOHTTP1
internal import NIOConcurrencyHelpers
internal import Telemetry
internal import Tensors

/// All open connections: how many there are, and how to reach them when the server drains.
final class ConnectionRegistry: Sendable {
    private struct Locked: Sendable {
        var channels: [ObjectIdentifier: (channel: any Channel, port: ObjectIdentifier)] = [:]
        var perPort: [ObjectIdentifier: Int] = [:]
        var whenEmpty: CheckedContinuation<Void, Never>?
    }

    private let locked = NIOLockedValueBox(Locked())

    /// Takes a connection in; `false` where the listener has as many as it may.
    func admit(_ channel: any Channel, port: Port) -> Bool {
        let owner = ObjectIdentifier(port)
        let service = port.service
        let admitted = locked.withLockedValue { locked in
            guard locked.perPort[owner, default: 0] < service.listener.maxConnections else { return false }
            locked.perPort[owner, default: 0] += 1
            locked.channels[ObjectIdentifier(channel)] = (channel, owner)
            return true
        }
        guard admitted else { return false }
        service.metrics.connectionsTotal.increment()
        service.metrics.connections.increment()
        let metrics = service.metrics
        channel.closeFuture.whenComplete { [self] _ in
            metrics.connections.decrement()
            // The port lives as long as this closure, so that its identity is no other's.
            remove(channel, port: ObjectIdentifier(port))
        }
        return true
    }

    private func remove(_ channel: any Channel, port: ObjectIdentifier) {
        let waiting = locked.withLockedValue { locked -> CheckedContinuation<Void, Never>? in
            locked.channels[ObjectIdentifier(channel)] = nil
            let left = locked.perPort[port, default: 1] - 1
            locked.perPort[port] = left == 0 ? nil : left
            guard locked.channels.isEmpty else { return nil }
            defer { locked.whenEmpty = nil }
            return locked.whenEmpty
        }
        waiting?.resume()
    }

    /// Tells connections to close as soon as they are between requests: all, or those of one port.
    func drain(_ port: Port? = nil) {
        for channel in channels(of: port) {
            channel.pipeline.fireUserInboundEventTriggered(ConnectionEvent.Drain())
        }
    }

    /// Waits for the last connection to close, at most so long; then closes the rest and says how many those were.
    func waitUntilEmpty(timeout: Duration) async -> Int {
        let timer = Task { [self] in
            try await Task.sleep(for: timeout)
            return close()
        }
        await withCheckedContinuation { continuation in
            let isEmpty = locked.withLockedValue { locked in
                guard !locked.channels.isEmpty else { return true }
                locked.whenEmpty = continuation
                return false
            }
            if isEmpty { continuation.resume() }
        }
        timer.cancel()
        return (try? await timer.value) ?? 0
    }

    private func channels(of port: Port?) -> [any Channel] {
        let owner = port.map(ObjectIdentifier.init)
        return locked.withLockedValue { locked in
            locked.channels.values.filter { owner == nil || $0.port == owner }.map(\.channel)
        }
    }

    /// Closes connections, whatever they are at; says how many.
    @discardableResult
    func close(_ port: Port? = nil) -> Int {
        let channels = channels(of: port)
        for channel in channels { channel.close(promise: nil) }
        return channels.count
    }
}

/// Says why, then closes, where a listener has too many connections.
final class ConnectionRefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let error = SluiceError(
            .overloaded, "this listener has as many connections as it takes", retryAfterNanoseconds: 1)
        let response = Self.response(error, allocator: context.channel.allocator)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(response)).whenComplete { _ in channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    /// An error as a whole HTTP/1.1 response, for connections that never get to have a request.
    static func response(_ error: SluiceError, allocator: ByteBufferAllocator) -> ByteBuffer {
        let response = HTTPResponse(failure: error, requestID: RequestID.make())
        var head = ResponseHead(status: response.status, version: .http1_1, into: [])
        head.field("content-type", "application/json")
        for field in response.fields { head.field(named: field.name, field.value) }
        head.field("connection", "close")
        head.field("content-length", response.bodyByteCount)
        let bytes = head.finish()
        var buffer = allocator.buffer(capacity: bytes.count + response.bodyByteCount)
        buffer.writeBytes(bytes)
        buffer.write(EncodedBody(mediaType: "", segments: response.body))
        return buffer
    }
}
