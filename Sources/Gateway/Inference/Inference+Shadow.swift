internal import PluginHost
internal import Routing
internal import Tensors

extension Inference {
    /// What the route's shadow is to see of an answer, if anything; taken before the caller has it, as what it shares with
    /// the gateway is the caller's again then.
    func shadowed(_ part: InferencePart) -> ShadowSample? {
        guard let route, let target = route.shadow, let shadow = gate.shadows[route.index], let attempts, var envelope,
            envelope.sequence == nil, gate.models[target.index].isReady
        else { return nil }
        // Why one that is open isn't asked holds for shadows, too; what they do doesn't open it.
        if let breaker = gate.breakers[target.index], !breaker.isAvailable(now: .now) { return nil }
        guard attempts.current.model.index != target.index,
            (try? gate.check(envelope.inputs, model: target.index)) != nil
        else { return nil }
        envelope.id += "-shadow"
        envelope.parameters.removeAll { $0.key == "traceparent" }
        let sample = ShadowSample(
            envelope: envelope, outputs: part.outputs, nanoseconds: attemptEnded.nanoseconds(since: attemptStarted))
        guard shadow.takes(bytes: sample.byteCount) else { return nil }
        return gate.sharable == nil ? sample : sample.copied() ?? sample
    }

    /// The caller has its answer: the shadow's turn.
    func show(_ sample: ShadowSample) {
        guard let route, let target = route.shadow else { return }
        gate.shadows[route.index]?.show(sample, to: gate.models[target.index], of: gate)
    }
}
