/// How long most answers take, learnt as they come, in memory that doesn't grow.
///
/// Times are counted in buckets, sixteen to each doubling, so what it says is at most a sixteenth too much. Old times count
/// for less and less: whenever there are enough, all counts are halved.
package struct LatencyQuantile: Sendable {
    /// Times below which it says nothing.
    package static let fewest = 20
    /// Times after which old ones begin to fade.
    package static let most = 2_048

    private static let bucketsPerDoubling = 16
    /// A microsecond and less is the first bucket, a quarter of an hour and more the last.
    private static let smallestPower = 10
    private static let largestPower = 40

    private var counts = [UInt32](
        repeating: 0, count: (largestPower - smallestPower) * bucketsPerDoubling)
    private var total = 0
    private var seen = 0

    package init() {}

    /// An answer took so long.
    package mutating func note(nanoseconds: UInt64) {
        counts[Self.bucket(of: nanoseconds)] += 1
        total += 1
        seen += 1
        guard total >= Self.most else { return }
        total = 0
        for index in counts.indices {
            counts[index] /= 2
            total += Int(counts[index])
        }
    }

    /// The time that `percent` of 100 answers don't exceed; `nil` where there were too few.
    package func nanoseconds(at percent: Int) -> UInt64? {
        guard seen >= Self.fewest, total > 0 else { return nil }
        let rank = max(1, (total * percent + 99) / 100)
        var below = 0
        for (index, count) in counts.enumerated() {
            below += Int(count)
            if below >= rank { return Self.end(of: index) }
        }
        return Self.end(of: counts.count - 1)
    }

    private static func bucket(of nanoseconds: UInt64) -> Int {
        guard nanoseconds >= 1 << UInt64(smallestPower) else { return 0 }
        let power = 63 - nanoseconds.leadingZeroBitCount
        guard power < largestPower else { return (largestPower - smallestPower) * bucketsPerDoubling - 1 }
        let part = Int(nanoseconds >> UInt64(power - 4)) & (bucketsPerDoubling - 1)
        return (power - smallestPower) * bucketsPerDoubling + part
    }

    /// The first time past the bucket.
    private static func end(of bucket: Int) -> UInt64 {
        let (power, part) = (bucket / bucketsPerDoubling + smallestPower, bucket % bucketsPerDoubling)
        return (UInt64(bucketsPerDoubling + part + 1)) << UInt64(power - 4)
    }
}
