internal import Synchronization

/// A number that only grows. Handles are resolved once and used from any thread.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    package init() {}

    package func increment(by amount: Int = 1) {
        guard amount > 0 else { return }
        count.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    package var value: UInt64 { count.load(ordering: .relaxed) }
}

/// A whole number that goes up and down. Handles are resolved once and used from any thread.
package final class Gauge: Sendable {
    private let level = Atomic<Int>(0)

    package init() {}

    package func set(_ value: Int) { level.store(value, ordering: .relaxed) }
    package func increment() { level.wrappingAdd(1, ordering: .relaxed) }
    package func decrement() { level.wrappingSubtract(1, ordering: .relaxed) }

    package var value: Int { level.load(ordering: .relaxed) }
}

/// Counts durations by size. Told nanoseconds, shown as seconds. Handles are resolved once and used from any thread.
package final class Histogram: Sendable {
    /// The bounds of a gateway's work, in seconds: from a tenth of a millisecond to half a minute.
    package static let requestBounds = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    /// The bounds of sizes of batches.
    package static let sizeBounds: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

    /// Upper bounds of the buckets in seconds, each included in its bucket; a last bucket takes the rest.
    package let bounds: [Double]
    private let nanosecondBounds: [UInt64]
    private let buckets: [Counter]
    private let nanosecondSum = Atomic<UInt64>(0)

    /// - Parameter bounds: upper bounds in seconds; those that aren't positive and ascending are left out.
    package init(bounds: [Double] = Histogram.requestBounds) {
        var ascending: [Double] = []
        for bound in bounds where bound > ascending.last ?? 0 && bound < 1e9 { ascending.append(bound) }
        self.bounds = ascending
        nanosecondBounds = ascending.map { UInt64(($0 * 1e9).rounded()) }
        buckets = (0...ascending.count).map { _ in Counter() }
    }

    package func observe(nanoseconds: UInt64) {
        var index = 0
        while index < nanosecondBounds.count, nanoseconds > nanosecondBounds[index] { index += 1 }
        buckets[index].increment()
        nanosecondSum.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    /// Counts a whole number, for histograms of sizes: what is shown is the number itself.
    package func observe(whole number: Int) {
        observe(nanoseconds: UInt64(clamping: number).multipliedReportingOverflow(by: 1_000_000_000).partialValue)
    }

    /// How many durations lie in each bucket, the last one unbounded.
    package var bucketCounts: [UInt64] { buckets.map(\.value) }
    /// How many durations there were.
    package var count: UInt64 { buckets.reduce(0) { $0 &+ $1.value } }
    /// All durations together, in nanoseconds.
    package var nanoseconds: UInt64 { nanosecondSum.load(ordering: .relaxed) }
    /// All durations together, in seconds.
    package var sum: Double { Double(nanosecondSum.load(ordering: .relaxed)) / 1e9 }
}
