/// When waiting requests are joined into one call, and how long a call waits for companions.
package struct BatchingPolicy: Sendable, Equatable {
    /// Rows of one call, at most.
    package var maximumRows: Int
    /// Bytes of inputs of one call, at most; a single larger request goes alone.
    package var maximumBytes: Int
    /// Sizes at which a call goes at once; ascending, each at most `maximumRows`. Empty: only a full one does.
    package var preferredRows: [Int]
    /// How long the first request of a call waits for others, at most.
    package var maximumDelayNanoseconds: UInt64
    /// Whether that time adapts to the traffic, and is zero where nothing is to be gained.
    package var isAdaptive: Bool

    package init(
        maximumRows: Int = 64, maximumBytes: Int = 64 << 20, preferredRows: [Int] = [],
        maximumDelayNanoseconds: UInt64 = 0, isAdaptive: Bool = true
    ) {
        self.maximumRows = max(1, maximumRows)
        self.maximumBytes = maximumBytes
        self.preferredRows = preferredRows
        self.maximumDelayNanoseconds = maximumDelayNanoseconds
        self.isAdaptive = isAdaptive
    }

    /// The least rows with which a call goes without waiting.
    var smallestTarget: Int { preferredRows.first ?? maximumRows }

    /// How many of `rows` a call takes at once; `nil` where it should wait for more.
    func target(for rows: Int) -> Int? {
        if rows >= maximumRows { return maximumRows }
        return preferredRows.last { $0 <= rows }
    }

    /// How long after its arrival the first request of a call may be held back for others.
    ///
    /// - Parameters:
    ///   - rows: how many it has with its companions so far.
    ///   - isIdle: nothing is in the model, and nothing else waits.
    ///   - gap: nanoseconds from one row's arrival to the next one's, lately; `nil` where nobody knows.
    func delay(rows: Int, isIdle: Bool, gap: UInt64?) -> UInt64 {
        guard isAdaptive, maximumDelayNanoseconds > 0 else { return maximumDelayNanoseconds }
        // Nothing to overlap with: waiting would cost more than it saves.
        guard !isIdle, let gap, gap < maximumDelayNanoseconds else { return 0 }
        let missing = UInt64(max(0, (preferredRows.first { $0 > rows } ?? maximumRows) - rows))
        let (time, overflow) = missing.multipliedReportingOverflow(by: gap)
        return overflow ? maximumDelayNanoseconds : min(time, maximumDelayNanoseconds)
    }
}
