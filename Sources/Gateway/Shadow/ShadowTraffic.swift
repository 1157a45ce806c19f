package import Configuration
internal import Dispatch
internal import NIOConcurrencyHelpers
internal import PluginHost
package import Routing
internal import Telemetry
internal import Tensors

/// The shadow of one route: sees answered requests, and is held against the answers. Reloads keep it while its settings stay
/// the same.
///
/// Nothing of it happens before the caller has its answer, on the caller's event loop, or in memory that callers wait for:
/// what it needs is copied on a thread of its own, as much of it as its settings allow, and all else is left out.
package final class ShadowTraffic: Sendable {
    private struct Locked {
        var admission: ShadowAdmission
        var tally = ShadowTally()
    }

    package let route: String
    package let model: String
    package let settings: ShadowConfiguration
    private let locked: NIOLockedValueBox<Locked>
    private let seconds: Histogram
    /// Never waits for a plugin, so that what answers hold is free again soon.
    private let copies = DispatchQueue(label: "sluice.shadow.copies", qos: .utility)
    /// Where quick models run; one that hangs holds up its own route's shadow, and no other.
    private let calls: DispatchQueue

    init(route: String, model: String, settings: ShadowConfiguration, metrics: ShadowMetrics) {
        self.route = route
        self.model = model
        self.settings = settings
        locked = NIOLockedValueBox(Locked(admission: ShadowAdmission(settings)))
        seconds = metrics.seconds(route: route, model: model)
        calls = DispatchQueue(label: "sluice.shadow.\(route)", qos: .utility)
    }

    package var tally: ShadowTally { locked.withLockedValue { $0.tally } }
    /// Requests that are with it, and bytes held for them.
    package var load: (running: Int, bytes: Int) {
        locked.withLockedValue { ($0.admission.running, $0.admission.bytes) }
    }

    /// As metrics show it.
    var standing: ShadowMetrics.Standing {
        let tally = tally
        return ShadowMetrics.Standing(
            route: route, model: model,
            outcomes: [
                ("compared", tally.compared), ("failed", tally.failed), ("left_out", tally.busy + tally.full),
            ],
            outputs: tally.outputs.map {
                .init(name: $0.name, rows: $0.rows, agreeing: $0.agreeing, maxError: $0.maxError)
            })
    }

    /// Room for an answered request that holds so many bytes; `nil` where the shadow doesn't take it.
    func place(bytes: Int) -> ShadowPlace? {
        let isTaken = locked.withLockedValue { locked in
            let verdict = locked.admission.offer(bytes: bytes)
            if verdict == .busy || verdict == .full { locked.tally.leftOut(isFull: verdict == .full) }
            return verdict == .take
        }
        return isTaken ? ShadowPlace(self, bytes: bytes) : nil
    }

    /// For `ShadowPlace`.
    func grow(by bytes: Int) -> Bool { locked.withLockedValue { $0.admission.grow(by: bytes) } }

    /// For `ShadowPlace`.
    func end(_ bytes: Int, _ note: (inout ShadowTally) -> Void) {
        locked.withLockedValue { locked in
            locked.admission.ended(bytes: bytes)
            note(&locked.tally)
        }
    }

    /// Does what copies something, in turn.
    func copy(_ work: @escaping @Sendable () -> Void) { copies.async(execute: work) }

    /// Shows a request that it takes to the shadow. Returns at once.
    ///
    /// - Parameter gate: whose models they are: it stays until the shadow is done.
    func show(_ original: ShadowOriginal, in place: ShadowPlace, to model: ModelRuntime, of gate: Gate) {
        copies.async { [self] in
            guard let sample = original.copied(in: place) else {
                return place.end { $0.failed(code: SluiceError.Code.overloaded.text) }
            }
            show(sample, to: model, of: gate)
        }
    }

    /// Shows an answer in parts, now that it is whole. Returns at once.
    func show(_ recording: ShadowRecording, nanoseconds: UInt64, to model: ModelRuntime, of gate: Gate) {
        copies.async { [self] in
            // Its last parts were copied before this.
            guard let sample = recording.sample(nanoseconds: nanoseconds) else {
                return recording.end(code: .overloaded)
            }
            show(sample, to: model, of: gate)
        }
    }

    /// Shows what is in memory of its own. Returns at once.
    func show(_ sample: ShadowSample, to model: ModelRuntime, of gate: Gate) {
        calls.async { [self] in run(sample, on: model, of: gate) }
    }

    /// On `calls`.
    private func run(_ sample: ShadowSample, on model: ModelRuntime, of gate: Gate) {
        let start = MonotonicTime.now
        let limit = settings.timeout.wholeNanoseconds
        var envelope = sample.envelope
        envelope.deadline = start.advanced(byNanoseconds: limit)
        envelope.priority = UInt32(model.configuration.scheduling.priorities.levels)
        let parts = NIOLockedValueBox(Parts())
        // What was taken is given back when both are so: the model has answered, and this thread is free again.
        let ending = ShadowEnding { [self] part in
            let nanoseconds = MonotonicTime.now.nanoseconds(since: start)
            withExtendedLifetime(gate) {
                ended(sample, part, after: parts.withLockedValue { $0 }, nanoseconds: nanoseconds)
            }
        }
        let call = InferenceCall(envelope: envelope) { [copies] part in
            if !part.isFinal {
                // The model may need the memory for its next part. Those who need none may be many, and cost some, too.
                let hasRoom = sample.place.grow(by: part.outputs.reduce(64) { $0 + $1.heldBytes })
                parts.withLockedValue { ($0.areAny, $0.areTooMany) = (true, $0.areTooMany || !hasRoom) }
                guard hasRoom else { return false }
                copies.async {
                    let outputs = part.outputs.copied
                    parts.withLockedValue { parts in
                        if let outputs { parts.answer.add(outputs) } else { parts.areTooMany = true }
                    }
                }
            } else if parts.withLockedValue({ $0.areAny }) {
                copies.async { ending.answered(part) }
            } else {
                ending.answered(part)
            }
            return true
        }
        let patience = ShadowPatience(limit, on: copies) { [weak call] in
            call?.abandon(SluiceError(.deadlineExceeded, "the shadow did not answer in time"))
        }
        model.start(call, consumer: Int(bitPattern: ObjectIdentifier(self)))
        ending.returned()
        ending.whenOver { patience.end() }
    }

    /// What a shadow says before its last part.
    private struct Parts {
        var answer = ShadowAnswer()
        var areAny = false
        /// There was no room for all of them.
        var areTooMany = false
    }

    private func ended(_ sample: ShadowSample, _ part: InferencePart, after parts: Parts, nanoseconds: UInt64) {
        if parts.areTooMany { return sample.place.end { $0.leftOut(isFull: true) } }
        if let error = part.error { return sample.place.end { $0.failed(code: error.code.text) } }
        seconds.observe(nanoseconds: nanoseconds)
        var answer = parts.answer
        answer.add(part.outputs)
        let differences = sample.answer.differences(from: answer)
        sample.place.end {
            $0.compared(differences, answerNanoseconds: sample.nanoseconds, shadowNanoseconds: nanoseconds)
        }
    }
}

/// The end of one request of a shadow, which has two sides: the model's answer, and the thread that asked for it.
private final class ShadowEnding: Sendable {
    private struct Locked {
        var part: InferencePart?
        var hasReturned = false
        var isOver = false
        var cleanup: (@Sendable () -> Void)?
    }

    private let locked = NIOLockedValueBox(Locked())
    private let action: @Sendable (InferencePart) -> Void

    init(_ action: @escaping @Sendable (InferencePart) -> Void) {
        self.action = action
    }

    func answered(_ part: InferencePart) { settle { $0.part = part } }

    func returned() { settle { $0.hasReturned = true } }

    /// `cleanup` is carried out when both sides are there, which may be now.
    func whenOver(_ cleanup: @escaping @Sendable () -> Void) {
        let isOver = locked.withLockedValue { locked in
            if !locked.isOver { locked.cleanup = cleanup }
            return locked.isOver
        }
        if isOver { cleanup() }
    }

    private func settle(_ change: (inout Locked) -> Void) {
        let (part, cleanup) = locked.withLockedValue { locked -> (InferencePart?, (@Sendable () -> Void)?) in
            change(&locked)
            guard locked.hasReturned, let part = locked.part else { return (nil, nil) }
            locked.isOver = true
            locked.part = nil
            defer { locked.cleanup = nil }
            return (part, locked.cleanup)
        }
        if let part { action(part) }
        cleanup?()
    }
}

/// What becomes of a request of a shadow after a while. Once it has ended it holds nothing, however long the while was.
///
/// Invariant behind `@unchecked Sendable`: a dispatch source may be cancelled on any thread.
private final class ShadowPatience: @unchecked Sendable {
    private let timer: any DispatchSourceTimer

    init(_ nanoseconds: UInt64, on queue: DispatchQueue, _ action: @escaping @Sendable () -> Void) {
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.setEventHandler(handler: action)
        timer.schedule(deadline: .now() + .nanoseconds(Int(clamping: nanoseconds)))
        timer.resume()
    }

    func end() { timer.cancel() }
}
