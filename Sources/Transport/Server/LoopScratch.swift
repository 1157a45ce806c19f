/// What all connections of one event loop share, so that a request makes none of it anew.
///
/// Invariant behind `@unchecked Sendable`: only used on its event loop.
final class LoopScratch: @unchecked Sendable {
    /// Grown beyond this it isn't kept.
    private static let largest = 64 << 10

    private var bytes: [UInt8] = []
    var date = HTTPDate()
    /// Connections that have read something.
    let round = ReadRound()

    /// An empty array with some room; `giveBack` it.
    func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        taken.reserveCapacity(2048)
        return taken
    }

    func giveBack(_ used: consuming [UInt8]) {
        guard used.capacity <= Self.largest else { return }
        used.removeAll(keepingCapacity: true)
        bytes = used
    }
}
