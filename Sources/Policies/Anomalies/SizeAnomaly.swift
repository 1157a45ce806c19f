internal import Configuration

/// Whether bodies come that are much larger than nearly all before. A plain state machine that is told of windows that are
/// over.
struct SizeAnomaly: Sendable {
    /// Bodies that must be known before any is judged.
    private static let fewest = 100.0

    /// Of the windows before, the further back the less; by `SizeClass`. Empty before the first.
    private var usual: [Double] = []
    private var windows = 0
    private(set) var flag = AnomalyFlag()

    /// The size that 99 of 100 bodies are below; `nil` where too little is known.
    var usualBytes: Int? {
        let total = usual.reduce(0, +)
        guard windows >= Baseline.fewest, total >= Self.fewest else { return nil }
        var below = 0.0
        for (index, count) in usual.enumerated() {
            below += count
            if below >= total * 0.99 { return SizeClass.end(of: index) }
        }
        return nil
    }

    /// Bodies of a window that are `factor` times larger than usual.
    func unusual(_ sizes: [Int], factor: Int) -> Int {
        guard let usualBytes else { return 0 }
        let bound = usualBytes.multipliedReportingOverflow(by: factor)
        guard !bound.overflow else { return 0 }
        return sizes.indices.reduce(0) { $0 + (SizeClass.start(of: $1) >= bound.partialValue ? sizes[$1] : 0) }
    }

    /// A window is over.
    ///
    /// - Parameters:
    ///   - sizes: how many bodies there were of each `SizeClass`.
    ///   - factor: how many times what 99 of 100 are below is too much.
    ///   - least: so many of that kind there must be.
    mutating func close(_ sizes: [Int], factor: Int, least: Int) -> AnomalyFlag.Change? {
        let count = unusual(sizes, factor: factor)
        let bound = (usualBytes ?? Int.max / factor) * factor
        let change = flag.next(isOver: count >= least, isCalm: count * 2 < least)
        guard sizes.contains(where: { $0 > 0 }) else { return change }
        if usual.isEmpty { usual = Array(repeating: 0, count: SizeClass.count) }
        for index in usual.indices {
            // A few large ones a window, too few to be said, would else be what 99 of 100 are below before long.
            let weight = SizeClass.start(of: index) >= bound ? Baseline.unusualWeight : Baseline.weight(flag)
            usual[index] = usual[index] * Baseline.keeping + Double(sizes[index]) * weight
        }
        windows = min(windows + 1, Baseline.fewest)
        return change
    }
}

/// Sizes, roughly: one class for each doubling.
enum SizeClass {
    static let count = 32
    /// 128 B and less are the first class, 128 GiB and more the last.
    private static let smallestPower = 7

    static func index(of bytes: Int) -> Int {
        let width = Int.bitWidth - max(bytes, 0).leadingZeroBitCount
        return min(max(width - smallestPower, 0), count - 1)
    }

    /// The smallest size of a class.
    static func start(of index: Int) -> Int { index == 0 ? 0 : 1 << (smallestPower + index - 1) }

    /// The first size past a class.
    static func end(of index: Int) -> Int { 1 << (smallestPower + index) }
}
