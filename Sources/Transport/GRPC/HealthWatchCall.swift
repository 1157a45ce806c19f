internal import NIOCore
internal import SwiftProtobuf
internal import Tensors
internal import WireMessages

/// `grpc.health.v1.Health/Watch`: the state of one service, now and whenever it changes.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class HealthWatchCall: GRPCCall, @unchecked Sendable {
    /// How often the state is looked at: several times in the second that a load balancer takes to react.
    private static let pause = TimeAmount.milliseconds(200)

    private weak var stream: GRPCStream?
    private var name = ""
    private var last: Grpc_Health_V1_HealthCheckResponse.ServingStatus?
    private var watching: RepeatedTask?

    init(_ stream: GRPCStream) {
        self.stream = stream
    }

    func receive(_ message: GRPCMessage) throws(SluiceError) {
        guard case .bytes(let bytes) = message else { return }
        name = try Grpc_Health_V1_HealthCheckRequest.received(bytes).service
    }

    func receiveEnd() throws(SluiceError) {
        tellIfChanged()
        watching = stream?.eventLoop.scheduleRepeatedTask(initialDelay: Self.pause, delay: Self.pause) {
            [weak self] _ in
            self?.tellIfChanged()
        }
    }

    func cancel(_ reason: SluiceError) {
        watching?.cancel()
        watching = nil
    }

    private func tellIfChanged() {
        guard let stream else { return cancel(SluiceError(.cancelled, "the caller has gone")) }
        let status = stream.service.health(of: name, caller: stream.caller) ?? .serviceUnknown
        guard status != last else { return }
        last = status
        guard let bytes = try? Grpc_Health_V1_HealthCheckResponse.with({ $0.status = status }).sent() else { return }
        stream.send(bytes)
        stream.messageTaken()
    }
}
