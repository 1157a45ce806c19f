internal import NIOCore

/// What all connections of one event loop share, so that a request makes none of it anew.
///
/// Invariant behind `@unchecked Sendable`: only used on its event loop.
final class LoopScratch: @unchecked Sendable {
    /// Grown beyond this it isn't kept.
    private static let largest = 64 << 10

    private var buffer = ByteBuffer()
    var date = HTTPDate()

    /// An empty buffer with some room; `giveBack` it.
    func take() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &buffer)
        taken.clear(minimumCapacity: 2048)
        return taken
    }

    func giveBack(_ used: consuming ByteBuffer) {
        if used.capacity <= Self.largest { buffer = used }
    }
}
