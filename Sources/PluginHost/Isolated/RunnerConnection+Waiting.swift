internal import NIOConcurrencyHelpers
internal import SharedMemory
internal import Tensors

/// Callers of quick models, who wait a moment for their answers and take whatever else comes meanwhile.
extension RunnerConnection {
    /// Records that a waiting caller takes at a time before it looks at the clock.
    private static let recordsTogether = 32

    /// Hands a quick model's call to the runner and, where no other one is under way, waits for its answer right here, on
    /// the caller's own thread. One that is gathered is so in quiet times only; in others it is waited for when its caller
    /// has no more calls to make (`wait`).
    ///
    /// - Returns: false where the runner is gone; the call is as it was.
    func sendQuick(_ batch: IsolatedBatch) -> Bool {
        guard batch.count == 1 else { return send(batch) }
        let call = batch.first
        let (isAlone, isQuiet) = locked.withLockedValue { ($0.callCount == 0, $0.patience.isQuiet) }
        let isWaitedForLater = call.isGathered && !(isAlone && isQuiet)
        // Where others have calls under way there is other work to do meanwhile.
        guard isAlone || isWaitedForLater else { return send(batch) }
        guard send(batch, wakes: false) else { return false }
        if !isWaitedForLater { wait(for: call) }
        return true
    }

    /// Wakes the runner for what was gathered, and waits a moment for the answer to one of these calls, on the caller's
    /// own thread, taking whatever else comes meanwhile. Whether it came or not, somebody reads the rest.
    func wait(for call: InferenceCall) {
        let way = locked.withLockedValue { locked -> CallerPatience.Way? in
            guard !locked.isClosed else { return nil }
            // First there, then waking: no reader need be woken for the answer.
            let way = call.isFinished ? nil : locked.beginToWait()
            if way != nil { bell.enter() }
            if case .takeTurns(let reader)? = way { locked.wakeRunner(reader) } else { locked.wakeRunner() }
            return way
        }
        guard way != nil else { return }
        let isAnswered = waitBriefly(for: call)
        bell.leave()
        locked.withLockedValue { locked in
            locked.patience.end(wasAnswered: isAnswered)
            flushBacklogs(&locked)
        }
        if !bell.isRingEmpty { bell.wakeReader() }
    }

    /// Whether the answer came.
    private func waitBriefly(for call: InferenceCall) -> Bool {
        var end: MonotonicTime?
        do {
            while true {
                let state = bell.state
                let count = try takeRecords(atMost: Self.recordsTogether)
                if call.isFinished { return true }
                let now = MonotonicTime.now
                let limit = end ?? now.advanced(byNanoseconds: CallerPatience.longest)
                end = limit
                if now >= limit || isClosed { break }
                if count == Self.recordsTogether { continue }
                bell.beginSleep(as: .caller)
                if bell.isRingEmpty && !isClosed {
                    bell.sleep(while: state, until: limit, as: .caller)
                }
                bell.endSleep(as: .caller)
            }
        } catch {
            observer.runnerBrokeRing(self, reason: "\(error)")
        }
        return false
    }
}
