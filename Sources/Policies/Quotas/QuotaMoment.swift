package import Tensors

/// One moment by both clocks: what is earned back is reckoned by the one that never jumps, days and what outlives the
/// process by that of the wall.
package struct QuotaMoment: Sendable, Equatable {
    package var monotonic: MonotonicTime
    /// Nanoseconds since 1970.
    package var wall: UInt64

    package init(monotonic: MonotonicTime, wall: UInt64) {
        self.monotonic = monotonic
        self.wall = wall
    }

    /// The present moment.
    package static var now: QuotaMoment { QuotaMoment(monotonic: .now, wall: WallClock.nanosecondsSince1970) }

    /// The moment `nanoseconds` later.
    package func advanced(byNanoseconds nanoseconds: UInt64) -> QuotaMoment {
        let (sum, overflow) = wall.addingReportingOverflow(nanoseconds)
        return QuotaMoment(
            monotonic: monotonic.advanced(byNanoseconds: nanoseconds), wall: overflow ? .max : sum)
    }
}
