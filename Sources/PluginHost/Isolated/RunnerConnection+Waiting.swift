internal import NIOConcurrencyHelpers
internal import SharedMemory
internal import Tensors

/// Callers of quick models, who wait a moment for their answers and take whatever else comes meanwhile.
extension RunnerConnection {
    /// Records that a waiting caller takes at a time before it looks at the clock.
    private static let recordsTogether = 32

    /// A quick model's call is to come within microseconds: its runner had better be awake by then.
    func announceCall() {
        guard Lookout.isPossible else { return }
        locked.withLockedValue { locked in
            guard locked.callCount == 0, locked.patience.isLikelyToLook, !locked.isClosed else { return }
            locked.requests.announce()
        }
    }

    /// Hands a quick model's call to the runner and, where no other one is under way, waits for its answer right here, on
    /// the caller's own thread. One that is gathered is so in quiet times only; in others it is waited for when its caller
    /// has no more calls to make (`wait`).
    ///
    /// - Returns: false where the runner is gone; the call is as it was.
    func sendQuick(_ batch: IsolatedBatch) -> Bool {
        guard batch.calls.count == 1 else { return send(batch) }
        let call = batch.calls[0]
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
            let way = call.isFinished ? nil : locked.patience.begin(calls: locked.callCount)
            if way != nil { bell.enter() }
            locked.wakeRunner()
            return way
        }
        guard let way else { return }
        let (isAnswered, hasSlept) = waitBriefly(for: call, way)
        bell.leave()
        locked.withLockedValue { locked in
            locked.patience.end(way, wasAnswered: isAnswered, hasSlept: hasSlept)
            flushBacklogs(&locked)
        }
        if !bell.isRingEmpty { bell.wakeReader() }
    }

    private func waitBriefly(
        for call: InferenceCall, _ way: CallerPatience.Way
    ) -> (isAnswered: Bool, hasSlept: Bool) {
        var mayLook = way == .look && Lookout.isPossible
        var hasSlept = false
        var end: MonotonicTime?
        do {
            while true {
                let state = bell.state
                let count = try takeRecords(atMost: Self.recordsTogether)
                if call.isFinished { return (true, hasSlept) }
                let now = MonotonicTime.now
                let limit = end ?? now.advanced(byNanoseconds: CallerPatience.longest)
                end = limit
                if now >= limit || isClosed { break }
                if count == Self.recordsTogether { continue }
                if mayLook {
                    mayLook = false
                    if Lookout.look(forNanoseconds: CallerPatience.longestLook, until: { bell.state != state }) {
                        continue
                    }
                }
                hasSlept = true
                bell.beginSleep(as: .caller)
                if bell.isRingEmpty && !isClosed {
                    bell.sleep(while: state, nanoseconds: limit.nanoseconds(since: now), as: .caller)
                }
                bell.endSleep(as: .caller)
            }
        } catch {
            observer.runnerBrokeRing(self, reason: "\(error)")
        }
        return (false, hasSlept)
    }
}
