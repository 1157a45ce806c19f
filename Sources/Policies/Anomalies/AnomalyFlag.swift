/// Whether something is unusual just now: raised by one window that is clearly so, and taken down by several that are
/// clearly not. What lies between changes nothing, so that it doesn't flap.
struct AnomalyFlag: Sendable, Equatable {
    enum Change: Sendable, Equatable {
        case begins
        case ends
    }

    /// Windows in a row that must be calm.
    static let calm = 2

    private(set) var isRaised = false
    private var calmWindows = 0

    /// A window is over.
    mutating func next(isOver: Bool, isCalm: Bool) -> Change? {
        guard isRaised else {
            guard isOver else { return nil }
            isRaised = true
            calmWindows = 0
            return .begins
        }
        calmWindows = isCalm ? calmWindows + 1 : 0
        guard calmWindows >= Self.calm else { return nil }
        isRaised = false
        return .ends
    }
}

/// What windows are held against: those before, the further back the less.
enum Baseline {
    /// What is kept of it from one window to the next: half of what it knows is of the last seven windows.
    static let keeping = 0.9
    /// What an unusual window counts for, so that it is long unusual and becomes the usual in the end.
    static let unusualWeight = 0.25
    /// Windows that must be known before any is judged.
    static let fewest = 3

    static func weight(_ flag: AnomalyFlag) -> Double { flag.isRaised ? unusualWeight : 1 }
}
