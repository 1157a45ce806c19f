internal import NIOConcurrencyHelpers
internal import NIOCore

/// The answers of one batch on their way to their connections: each event loop is woken once for all of its own.
final class DeliveryRound: Sendable {
    private struct Share: Sendable {
        var eventLoop: any EventLoop
        var work: [@Sendable () -> Void]
    }

    private let shares = NIOLockedValueBox<[Share]>([])

    /// `work` is done on `eventLoop` once the round is delivered.
    func add(_ eventLoop: any EventLoop, _ work: @escaping @Sendable () -> Void) {
        shares.withLockedValue { shares in
            if let index = shares.firstIndex(where: { $0.eventLoop === eventLoop }) {
                shares[index].work.append(work)
            } else {
                shares.append(Share(eventLoop: eventLoop, work: [work]))
            }
        }
    }

    /// Sends every loop its share.
    func deliver() {
        for share in shares.withLockedValue({ $0 }) {
            share.eventLoop.execute { for work in share.work { work() } }
        }
    }
}
