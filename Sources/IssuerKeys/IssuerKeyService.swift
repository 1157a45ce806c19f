package import Configuration
internal import Dispatch
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
package import Policies

/// The keys of all issuers of the file, over all its revisions: those of an issuer that stays are read on.
///
/// It has one thread, which begins with the first issuer.
package final class IssuerKeyService: Sendable {
    private struct Locked: Sendable {
        var group: MultiThreadedEventLoopGroup?
        var sources: [KeySource] = []
    }

    private let report: IssuerKeyReport
    private let locked = NIOLockedValueBox(Locked())

    package init(_ report: IssuerKeyReport) {
        self.report = report
    }

    /// The keys of these issuers by the issuers' names; what is new is being read, and was waited for so long.
    ///
    /// Blocks; not for event loops. Keys of issuers that are not among these stay until `keep` says otherwise.
    package func prepare(_ issuers: [IssuerConfiguration], patience: Duration) -> [String: IssuerKeySet] {
        var sets: [String: IssuerKeySet] = [:]
        var new: [KeySource] = []
        locked.withLockedValue { locked in
            for issuer in issuers {
                if let source = locked.sources.first(where: { $0.reads(for: issuer) }) {
                    sets[issuer.name] = source.keys
                    continue
                }
                let group = locked.group ?? MultiThreadedEventLoopGroup(numberOfThreads: 1)
                locked.group = group
                // Another rhythm is no reason to know no keys meanwhile.
                let keys = locked.sources.first { $0.readsTheSame(as: issuer) }?.keys ?? IssuerKeySet()
                let source = KeySource(issuer, keys: keys, eventLoop: group.next(), report: report)
                locked.sources.append(source)
                new.append(source)
                sets[issuer.name] = source.keys
            }
        }
        guard let eventLoop = locked.withLockedValue({ $0.group?.next() }), !new.isEmpty else { return sets }
        for source in new { source.start() }
        let done = DispatchSemaphore(value: 0)
        EventLoopFuture.andAllComplete(new.map(\.firstRead), on: eventLoop).whenComplete { _ in done.signal() }
        let (seconds, attoseconds) = patience.components
        _ = done.wait(
            timeout: .now() + .seconds(Int(seconds)) + .milliseconds(Int(attoseconds / 1_000_000_000_000_000)))
        return sets
    }

    /// Reads on for these issuers only.
    package func keep(_ issuers: [IssuerConfiguration]) {
        let gone = locked.withLockedValue { locked in
            let gone = locked.sources.filter { source in !issuers.contains { source.reads(for: $0) } }
            locked.sources.removeAll { source in gone.contains { $0 === source } }
            return gone
        }
        for source in gone { source.stop() }
    }

    /// Reads nothing any more.
    package func shutDown() {
        keep([])
        locked.withLockedValue { $0.group }?.shutdownGracefully { _ in }
    }
}

extension KeySource {
    /// Whether it does all that the entry asks for.
    fileprivate func reads(for issuer: IssuerConfiguration) -> Bool {
        configuration.name == issuer.name && configuration.refresh == issuer.refresh && readsTheSame(as: issuer)
    }

    /// Whether its keys are those that the entry means.
    fileprivate func readsTheSame(as issuer: IssuerConfiguration) -> Bool {
        configuration.keys == issuer.keys && configuration.algorithms == issuer.algorithms
    }
}
