/// Where a run stands.
package struct LoadProgress: Sendable, Equatable {
    package var answered = 0
    package var failed = 0
    package var inFlight = 0

    static func + (left: LoadProgress, right: LoadProgress) -> LoadProgress {
        LoadProgress(
            answered: left.answered + right.answered, failed: left.failed + right.failed,
            inFlight: left.inFlight + right.inFlight)
    }
}
