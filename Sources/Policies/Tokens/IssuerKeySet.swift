internal import Configuration
internal import NIOConcurrencyHelpers
internal import Synchronization

/// The keys that an issuer signs with, as they are known now; whoever reads them puts them here.
///
/// It outlives revisions of the file: keys that were read stay until better ones come.
package final class IssuerKeySet: Sendable {
    private struct Locked: Sendable {
        var keys: [SigningKey] = []
        var isRead = false
        var ask: (@Sendable () -> Bool)?
    }

    /// Most keys that are tried for one token.
    private static let mostTries = 4

    private let locked = NIOLockedValueBox(Locked())
    private let changes = Atomic<UInt64>(0)

    package init() {}

    /// Another number whenever the keys are others.
    var generation: UInt64 { changes.load(ordering: .acquiring) }

    /// Whether keys were read at all.
    package var isRead: Bool { locked.withLockedValue(\.isRead) }

    /// How many keys there are.
    package var count: Int { locked.withLockedValue { $0.keys.count } }

    /// Puts other keys in the place of those that hold.
    package func replace(_ keys: [SigningKey]) {
        locked.withLockedValue {
            $0.keys = keys
            $0.isRead = true
        }
        changes.wrappingAdd(1, ordering: .releasing)
    }

    /// Says whom to ask for keys that aren't here. The closure must not block; it says whether keys are on their way.
    package func onMissing(_ ask: @escaping @Sendable () -> Bool) {
        locked.withLockedValue { $0.ask = ask }
    }

    /// The keys that may have signed a token of that head.
    func candidates(id: String?, algorithm: TokenAlgorithm) -> [SigningKey] {
        let keys = locked.withLockedValue(\.keys)
        let fitting = keys.lazy.filter { key in
            key.algorithm == algorithm && (id == nil || key.id == nil || key.id == id)
        }
        return Array(fitting.prefix(Self.mostTries))
    }

    /// Asks for newer keys; whether there may soon be some.
    func askForMore() -> Bool {
        locked.withLockedValue(\.ask)?() ?? false
    }
}
