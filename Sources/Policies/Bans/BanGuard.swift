package import Configuration
internal import NIOConcurrencyHelpers
internal import Synchronization
internal import Tensors

/// Shuts out whoever fails again and again to prove who they are.
///
/// Two tables: by address, where a network of a site (IPv6 /64) is one, and by the key that is being guessed, from however
/// many addresses. A banned address gets nothing; a banned key opens for whoever has the right one: else anybody could
/// shut out whom a key belongs to by guessing it.
///
/// It outlives revisions of the file that mean the same.
package final class BanGuard: Sendable {
    /// What is banned.
    package enum Kind: String, Sendable {
        case address
        case key
    }

    private struct Tables: Sendable {
        var addresses: FailureTable
        var keys: FailureTable
    }

    package let configuration: BanConfiguration
    private let tables: NIOLockedValueBox<Tables>
    /// Up to when any address is banned: as long as none is, nobody takes the lock.
    private let lastEnd = Atomic<Int64>(0)
    private let observe: @Sendable (Kind, NetworkAddress?) -> Void

    /// - Parameter observe: told of bans that begin.
    package init(
        _ configuration: BanConfiguration, observe: @escaping @Sendable (Kind, NetworkAddress?) -> Void = { _, _ in }
    ) {
        self.configuration = configuration
        self.observe = observe
        let policy = FailureTable.Policy(
            failures: configuration.failures, within: configuration.within.components.seconds,
            lasts: configuration.lasts.components.seconds)
        tables = NIOLockedValueBox(
            Tables(addresses: FailureTable(policy), keys: FailureTable(policy, sets: 512)))
    }

    /// Checks that an address isn't banned.
    ///
    /// - Throws: `banned`.
    func check(_ peer: Peer, now: Int64) throws(SluiceError) {
        guard now < lastEnd.load(ordering: .relaxed), let address = peer.address, !isExempt(address) else { return }
        let wait = tables.withLockedValue { $0.addresses.wait(of: Self.number(of: address), now: now) }
        if let wait { throw Self.refusal(wait) }
    }

    /// Takes note of a failure.
    ///
    /// - Returns: what the caller is told where the key that was guessed is banned; `nil` for what it is told anyway.
    func failed(_ credentials: Credentials, now: Int64) -> SluiceError? {
        var begun: [Kind] = []
        let wait = tables.withLockedValue { tables -> Int64? in
            if let address = credentials.peer.address, !isExempt(address),
                tables.addresses.failed(Self.number(of: address), now: now)
            {
                begun.append(.address)
                lastEnd.store(tables.addresses.lastEnd, ordering: .relaxed)
            }
            guard case .key(let key) = credentials.proof else { return nil }
            let wait = tables.keys.wait(of: key.family, now: now)
            if wait == nil, tables.keys.failed(key.family, now: now) { begun.append(.key) }
            return wait
        }
        for kind in begun { observe(kind, credentials.peer.address) }
        return wait.map(Self.refusal)
    }

    private func isExempt(_ address: NetworkAddress) -> Bool {
        configuration.exempt.contains { $0.contains(address) }
    }

    /// An IPv4 address, or the network of an IPv6 one, as a number that nobody can choose.
    private static func number(of address: NetworkAddress) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(address.isIPv4 ? address.bits : address.bits >> 64)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private static func refusal(_ seconds: Int64) -> SluiceError {
        SluiceError(
            .banned, "too many failures to prove who is asking; try again in \(seconds)s",
            retryAfterNanoseconds: UInt64(clamping: seconds) * 1_000_000_000)
    }
}
