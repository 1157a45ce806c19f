internal import Glibc
package import Tensors

/// When requests are due in an open loop: a fixed rate that doesn't ask whether the server keeps up.
package struct Arrivals: Sendable {
    /// How the gaps between requests are distributed; both have the same mean.
    package enum Spacing: String, Sendable, CaseIterable {
        /// All gaps are equal.
        case even
        /// Gaps vary as those of independent callers do.
        case poisson
    }

    /// When the next request is due.
    package private(set) var next: MonotonicTime
    private let start: MonotonicTime
    private let gap: Double
    private let spacing: Spacing
    /// Gaps so far, in nanoseconds; even ones are counted and multiplied, so that rounding never adds up.
    private var elapsed: Double
    private var count = 0
    private let phase: Double
    private var generator: SeededGenerator

    /// - Parameters:
    ///   - rate: requests per second, above 0
    ///   - phase: the first request's place within the first gap, 0 to 1: several sources with the same rate interleave
    package init(rate: Double, spacing: Spacing, start: MonotonicTime, phase: Double = 0, seed: UInt64 = 1) {
        self.start = start
        self.gap = 1e9 / rate
        self.spacing = spacing
        self.phase = phase
        self.generator = SeededGenerator(seed: seed)
        self.elapsed = gap * phase
        self.next = start
        if spacing == .poisson { elapsed += randomGap() }
        self.next = start.advanced(byNanoseconds: UInt64(elapsed))
    }

    /// Goes on to the request after `next`.
    package mutating func advance() {
        count += 1
        switch spacing {
        case .even: elapsed = gap * (Double(count) + phase)
        case .poisson: elapsed += randomGap()
        }
        next = start.advanced(byNanoseconds: UInt64(elapsed))
    }

    private mutating func randomGap() -> Double {
        -log(1 - Double.random(in: 0..<1, using: &generator)) * gap
    }
}
