internal import Glibc

/// Gives each key a target of its own, by weight: weighted rendezvous hashing (Schindelhauer and Schomaker, 2005).
///
/// Each target draws for a key by itself, and the best draw wins. So a weight that grows only moves keys to its target, and
/// one that shrinks only moves keys away from it: of all keys just the share by which it changed.
package struct StickySplit: Sendable, Equatable {
    private struct Target: Sendable, Equatable {
        var hash: UInt64
        var weight: Double
    }

    private let targets: [Target]

    /// - Parameter targets: by their names, so that their order says nothing.
    package init(_ targets: [(name: String, weight: Int)]) {
        self.targets = targets.map { Target(hash: StickyKey.hash($0.name), weight: Double(max($0.weight, 0))) }
    }

    /// The index of the target of a key; 0 where there is no weight at all.
    package func target(of key: UInt64) -> Int {
        var best = (index: 0, score: -1.0)
        for (index, target) in targets.enumerated() {
            // A number above 0 and below 1, of 53 bits.
            let draw = (Double(StickyKey.joined(key, target.hash) >> 11) + 0.5) * 0x1p-53
            let score = target.weight / -log(draw)
            if score > best.score { best = (index, score) }
        }
        return best.index
    }
}
