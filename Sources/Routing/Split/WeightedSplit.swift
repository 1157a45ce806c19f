internal import Synchronization

/// Shares requests out among targets by weight, evenly and without chance.
///
/// The turns of one whole round are laid out beforehand; requests take them by a counter, whichever threads they come
/// on. Any run of requests as long as a round gets exactly its shares, and at every point within a round no target is
/// more than one request off its share.
package final class WeightedSplit: Sendable {
    /// A round has at most this many turns; weights that need more are rounded to that many parts, each at least one.
    package static let longestRound = 1 << 16

    /// For each turn of a round, whose it is.
    package let round: [UInt16]
    private let turn = Atomic<UInt64>(0)

    /// - Parameter weights: relative shares, one a target; those below 1 count as 1.
    package init(weights: [Int]) {
        round = Self.round(of: Self.shares(of: weights.map { max($0, 1) }))
    }

    /// The index of the target that the next request goes to.
    package func next() -> Int {
        guard round.count > 1 else { return 0 }
        let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return Int(round[Int(turn % UInt64(round.count))])
    }

    /// How many turns of a round each target gets.
    private static func shares(of weights: [Int]) -> [Int] {
        guard weights.count > 1, weights.count <= longestRound / 2 else { return [1] }
        let divisor = weights.reduce(0, greatestCommonDivisor)
        let reduced = weights.map { $0 / divisor }
        let total = reduced.reduce(UInt128(0)) { $0 + UInt128($1) }
        guard total > UInt128(longestRound) else { return reduced }
        let parts = UInt128(longestRound - weights.count)
        return reduced.map { 1 + Int(UInt128($0) * parts / total) }
    }

    /// Lays out a round: each turn goes to the target whose next one is due first, of those that may have it already.
    ///
    /// Turn `n` of a target with `share` turns of `total` belongs in the window from `n * total / share` to
    /// `(n + 1) * total / share`; earliest deadline first keeps every turn in its window (Tijdeman's chairman
    /// assignment, as Pfair scheduling uses it), which is what bounds the error below one.
    private static func round(of shares: [Int]) -> [UInt16] {
        let total = shares.reduce(0, +)
        var given = Array(repeating: 0, count: shares.count)
        return (0..<total).map { time in
            var chosen: (index: Int, deadline: Int)?
            for (index, share) in shares.enumerated() where given[index] < share {
                guard given[index] * total < (time + 1) * share else { continue }
                // The last turn whose end is still within the window: ceil((n + 1) * total / share).
                let deadline = ((given[index] + 1) * total + share - 1) / share
                if deadline < chosen?.deadline ?? .max { chosen = (index, deadline) }
            }
            let index = chosen?.index ?? 0
            given[index] += 1
            return UInt16(index)
        }
    }

    private static func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
        var (larger, smaller) = (left, right)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }
}
