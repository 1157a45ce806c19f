/// How many calls at the same time a model bears, found out by their latency: additive increase, multiplicative decrease.
///
/// The floor is the shortest time that calls of that size have lately taken. While calls take less than one and a half
/// times the floor the limit grows by one for each round of calls; when they take more than twice as long on average it is
/// halved. It is halved now and then in any case, to see afresh what the floor is. Small calls aren't measured by large
/// ones: sizes are told apart by powers of two.
struct ConcurrencyLimit: Sendable {
    /// Calls that take so many times the floor are too slow.
    static let tolerance = 2.0
    /// Up to so many times the floor more of them are tried.
    static let ease = 1.5
    private static let sizes = 24
    /// A floor is forgotten after two windows of so many calls.
    private static let window = 512

    private let maximum: Int
    private var estimate: Double
    /// The shortest times of this window of calls and of the one before, by size.
    private var floors: [UInt64]
    private var earlierFloors: [UInt64]
    private var callsInWindow = 0
    /// Latency in floors, smoothed.
    private var slowness = 1.0
    /// Calls to come before the limit may be cut again: those that were started before the last cut say nothing.
    private var deafFor = 0

    init(maximum: Int) {
        self.maximum = max(1, maximum)
        // From below: only calls that don't wait for each other show what the floor is.
        estimate = 1
        floors = Array(repeating: .max, count: Self.sizes)
        earlierFloors = floors
    }

    /// Calls that may be in the model now.
    var current: Int { max(1, Int(estimate)) }

    /// A call has ended.
    ///
    /// - Parameter inFlight: calls in the model when it was started, itself included.
    mutating func ended(after nanoseconds: UInt64, rows: Int, inFlight: Int) {
        let size = min(Self.sizes - 1, Int.bitWidth - 1 - max(1, rows).leadingZeroBitCount)
        callsInWindow += 1
        if callsInWindow > Self.window {
            callsInWindow = 0
            earlierFloors = floors
            floors = Array(repeating: .max, count: Self.sizes)
            cut()
        }
        let time = max(1, nanoseconds)
        floors[size] = min(floors[size], time)
        let floor = min(floors[size], earlierFloors[size])
        slowness += (Double(time) / Double(floor) - slowness) / 8
        if deafFor > 0 { deafFor -= 1 }
        if slowness > Self.tolerance {
            if deafFor == 0 { cut() }
        } else if slowness < Self.ease, inFlight >= current {
            estimate = min(Double(maximum), estimate + 1 / estimate)
        }
    }

    private mutating func cut() {
        deafFor = current
        estimate = max(1, estimate / 2)
        slowness = 1
    }
}
