/// Whether a larger part of requests than usual is of some kind. A plain state machine that is told of windows that are over.
///
/// What is usual is the share over all windows before, the further back the less, as if 100 more requests had been seen, one
/// of that kind: without them a single one after a quiet night would be without bounds more than usual.
struct RateAnomaly: Sendable {
    private static let imagined = (events: 1.0, requests: 100.0)

    private var events = 0.0
    private var requests = 0.0
    private var windows = 0
    private(set) var flag = AnomalyFlag()

    /// The share that is usual.
    var usual: Double { (events + Self.imagined.events) / (requests + Self.imagined.requests) }

    /// A window is over.
    ///
    /// - Parameters:
    ///   - count: requests of that kind.
    ///   - total: all requests.
    ///   - factor: how many times the usual share is too much.
    ///   - least: so many of that kind there must be.
    mutating func close(count: Int, of total: Int, factor: Int, least: Int) -> AnomalyFlag.Change? {
        guard total > 0 else { return flag.next(isOver: false, isCalm: true) }
        let (share, usual) = (Double(count) / Double(total), usual)
        // Where much is usual, many times that can't be: half of what is left is as telling.
        let bound = min(usual * Double(factor), (usual + 1) / 2)
        // And where nearly all is, nothing is much more.
        let isLikeUsual = usual >= share * 0.8
        let change = flag.next(
            isOver: windows >= Baseline.fewest && count >= least && share > bound && !isLikeUsual,
            isCalm: count * 2 < least || share <= (usual + bound) / 2 || isLikeUsual)
        let weight = Baseline.weight(flag)
        events = events * Baseline.keeping + Double(count) * weight
        requests = requests * Baseline.keeping + Double(total) * weight
        windows = min(windows + 1, Baseline.fewest)
        return change
    }
}
