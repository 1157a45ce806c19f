/// Which priority is served next: the most urgent one that has something waiting, but none is passed over for ever.
///
/// A level that has been passed over `patience` times has the next turn. So of `patience + levels` calls in a row, at
/// least one goes to each level with something waiting, and the most urgent one keeps all others.
struct PriorityTurns: Sendable {
    /// How often each level was passed over while it had something waiting.
    private var passedOver: [Int]
    private let patience: Int

    init(levels: Int, patience: Int) {
        passedOver = Array(repeating: 0, count: levels)
        self.patience = patience
    }

    /// The level whose turn it is; asking again gives the same one.
    ///
    /// - Parameter occupied: a bit for each level with something waiting.
    func next(occupied: UInt64) -> Int? {
        var next: Int?
        for level in passedOver.indices where occupied & 1 << UInt64(level) != 0 {
            guard let best = next else {
                next = level
                continue
            }
            if passedOver[level] >= patience, passedOver[level] > passedOver[best] { next = level }
        }
        return next
    }

    /// A request of that level was started.
    mutating func served(_ served: Int, occupied: UInt64) {
        for level in passedOver.indices {
            if level == served || occupied & 1 << UInt64(level) == 0 {
                passedOver[level] = 0
            } else {
                passedOver[level] += 1
            }
        }
    }
}
