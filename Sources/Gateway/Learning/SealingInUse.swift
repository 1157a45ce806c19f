internal import Configuration
internal import NIOConcurrencyHelpers
internal import Policies

/// What the gateway's files are encrypted with: the keys that serve, and those of a revision that may come.
final class SealingInUse: Sendable {
    private struct Locked: Sendable {
        var current: SealingKeys?
        var next: SealingKeys?
    }

    private let locked = NIOLockedValueBox(Locked())

    /// What is written is encrypted with these; `nil` for nothing.
    var keys: SealingKeys? { locked.withLockedValue { $0.current } }

    /// The keys of a configuration: the same ones for as long as it means the same.
    func keys(of configuration: GatewayConfiguration) -> SealingKeys? {
        guard let encryption = configuration.encryption else { return nil }
        return locked.withLockedValue { locked in
            for known in [locked.current, locked.next] {
                if let known, known.configuration == encryption { return known }
            }
            let new = SealingKeys(encryption)
            locked.next = new
            return new
        }
    }

    /// A configuration serves.
    func use(_ keys: SealingKeys?) {
        locked.withLockedValue { $0 = Locked(current: keys) }
    }
}
