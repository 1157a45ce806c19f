internal import NIOConcurrencyHelpers
internal import Routing

/// The room that a shadow has for one request, until it is given back.
final class ShadowPlace: Sendable {
    private let shadow: ShadowTraffic
    /// What it holds; `nil` once it is given back.
    private let bytes: NIOLockedValueBox<Int?>

    /// - Parameter bytes: what the shadow's admission has counted for it.
    init(_ shadow: ShadowTraffic, bytes: Int) {
        self.shadow = shadow
        self.bytes = NIOLockedValueBox(bytes)
    }

    /// Takes room for so many bytes more; `false` where there is none, or the place is given back.
    func grow(by more: Int) -> Bool {
        bytes.withLockedValue { held in
            guard let now = held, shadow.grow(by: more) else { return false }
            held = now + more
            return true
        }
    }

    /// Gives it back; only the first time counts.
    ///
    /// - Parameter note: what the request came to.
    func end(_ note: (inout ShadowTally) -> Void) {
        let held = bytes.withLockedValue { held in
            defer { held = nil }
            return held
        }
        if let held { shadow.end(held, note) }
    }

    /// Nothing came of it.
    deinit { end { _ in } }
}
