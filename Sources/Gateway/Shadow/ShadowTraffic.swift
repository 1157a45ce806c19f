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

    /// Whether the shadow takes an answered request that holds so many bytes.
    func takes(bytes: Int) -> Bool {
        locked.withLockedValue { locked in
            let verdict = locked.admission.offer(bytes: bytes)
            if verdict == .busy || verdict == .full { locked.tally.leftOut(isFull: verdict == .full) }
            return verdict == .take
        }
    }

    /// Shows a request that it takes to the shadow. Returns at once.
    ///
    /// - Parameter gate: whose models they are: it stays until the shadow is done.
    func show(_ sample: ShadowSample, to model: ModelRuntime, of gate: Gate) {
        copies.async { [self] in
            let copy = sample.isCopied ? sample : sample.copied()
            guard let copy else { return end(sample.byteCount) { $0.failed(code: SluiceError.Code.overloaded.text) } }
            calls.async { [self] in run(copy, on: model, of: gate) }
        }
    }

    /// On `calls`.
    private func run(_ sample: ShadowSample, on model: ModelRuntime, of gate: Gate) {
        let start = MonotonicTime.now
        let limit = settings.timeout.wholeNanoseconds
        var envelope = sample.envelope
        envelope.deadline = start.advanced(byNanoseconds: limit)
        envelope.priority = UInt32(model.configuration.scheduling.priorities.levels)
        // What was taken is given back when both are so: the model has answered, and this thread is free again.
        let ending = ShadowEnding { [self] part in
            withExtendedLifetime(gate) { ended(sample, part, nanoseconds: MonotonicTime.now.nanoseconds(since: start)) }
        }
        let call = InferenceCall(envelope: envelope) { part in
            // A shadow's parts aren't waited for one by one; what can't be compared as a whole isn't.
            if part.isFinal { ending.answered(part) }
            return true
        }
        let patience = ShadowPatience(limit, on: copies) { [weak call] in
            call?.abandon(SluiceError(.deadlineExceeded, "the shadow did not answer in time"))
        }
        model.start(call, consumer: Int(bitPattern: ObjectIdentifier(self)))
        ending.returned()
        ending.whenOver { patience.end() }
    }

    private func ended(_ sample: ShadowSample, _ part: InferencePart, nanoseconds: UInt64) {
        if let error = part.error { return end(sample.byteCount) { $0.failed(code: error.code.text) } }
        seconds.observe(nanoseconds: nanoseconds)
        let differences = sample.outputs.map { output in
            let other = part.outputs.first { $0.name == output.name }
            return (output.name, other.flatMap { TensorDifference(output, $0) })
        }
        end(sample.byteCount) {
            $0.compared(differences, answerNanoseconds: sample.nanoseconds, shadowNanoseconds: nanoseconds)
        }
    }

    private func end(_ bytes: Int, _ note: (inout ShadowTally) -> Void) {
        locked.withLockedValue { locked in
            locked.admission.ended(bytes: bytes)
            note(&locked.tally)
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
