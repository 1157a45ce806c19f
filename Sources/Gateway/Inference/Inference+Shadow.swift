internal import PluginHost
internal import Routing
internal import Tensors

extension Inference {
    /// What the route's shadow is to see of an answer that is one part, if anything; taken before the caller has it, as what
    /// it shares with the gateway is the caller's again then.
    func shadowed(_ part: InferencePart) -> ShadowSighting? {
        guard let (shadow, envelope) = shadowedEnvelope else { return nil }
        let original = ShadowOriginal(
            envelope: envelope, outputs: part.outputs, nanoseconds: attemptEnded.nanoseconds(since: attemptStarted))
        guard let place = shadow.place(bytes: original.byteCount) else { return nil }
        guard gate.sharable != nil else { return .original(original, place) }
        if let copy = original.copied(in: place) { return .copy(copy) }
        place.end { $0.failed(code: SluiceError.Code.overloaded.text) }
        return nil
    }

    /// The caller has its answer: the shadow's turn.
    func show(_ sighting: ShadowSighting) {
        guard let (shadow, model) = shadowAndModel else { return }
        switch sighting {
        case .original(let original, let place): shadow.show(original, in: place, to: model, of: gate)
        case .copy(let sample): shadow.show(sample, to: model, of: gate)
        }
    }

    /// A part of an answer goes out that the route's shadow may be to see.
    func record(_ part: InferencePart) {
        if shadowRecording == nil, !hasDecidedOnShadow {
            hasDecidedOnShadow = true
            guard let (shadow, envelope) = shadowedEnvelope,
                let place = shadow.place(bytes: envelope.inputs.reduce(0) { $0 + $1.heldBytes })
            else { return }
            shadowRecording = ShadowRecording(
                envelope, of: shadow, in: place, copiesAtOnce: gate.sharable != nil)
        }
        shadowRecording?.add(part.outputs)
    }

    /// The last part has gone out.
    func showRecording() {
        guard let recording = shadowRecording, let (shadow, model) = shadowAndModel else { return }
        shadowRecording = nil
        shadow.show(
            recording, nanoseconds: attemptEnded.nanoseconds(since: attemptStarted), to: model, of: gate)
    }

    /// The answer breaks off, or begins anew.
    func dropRecording() {
        shadowRecording = nil
        hasDecidedOnShadow = false
    }

    private var shadowAndModel: (ShadowTraffic, ModelRuntime)? {
        guard let route, let target = route.shadow, let shadow = gate.shadows[route.index] else { return nil }
        return (shadow, gate.models[target.index])
    }

    /// The request as the shadow gets it, where it may have it.
    private var shadowedEnvelope: (ShadowTraffic, Envelope)? {
        guard let route, let target = route.shadow, let shadow = gate.shadows[route.index], let attempts, var envelope,
            gate.models[target.index].isReady
        else { return nil }
        // Why one that is open isn't asked holds for shadows, too; what they do doesn't open it.
        if let breaker = gate.breakers[target.index], !breaker.isAvailable(now: .now) { return nil }
        guard attempts.current.model.index != target.index,
            (try? gate.check(envelope.inputs, model: target.index)) != nil
        else { return nil }
        envelope.id += "-shadow"
        envelope.parameters.removeAll { $0.key == "traceparent" }
        // No model of a route with a shadow keeps any: see `ShadowFit`.
        envelope.sequence = nil
        return (shadow, envelope)
    }
}
