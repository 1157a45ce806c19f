internal import Codecs
internal import Gateway
internal import Telemetry
internal import Tensors

extension Service {
    /// How every breaker stands.
    func breakers() -> HTTPResponse {
        let now = MonotonicTime.now
        var json = JSONWriter()
        json.beginObject()
        json.key("breakers")
        json.beginArray()
        for breaker in (administration.keeper.gate ?? gate).breakers.all {
            json.breaker(breaker.standing(now: now), of: breaker.model)
        }
        json.endArray()
        json.endObject()
        return HTTPResponse(json: json.bytes)
    }

    /// Opens or closes a breaker by hand.
    func setBreaker(of model: String, opens: Bool, by administrator: String) -> AdminAnswer {
        let gate = administration.keeper.gate ?? gate
        guard let breaker = gate.breakers.all.first(where: { $0.model == model }) else {
            let isKnown = gate.models.contains { $0.name == model }
            return .failure(
                SluiceError(
                    isKnown ? .notFound : .modelNotFound,
                    isKnown
                        ? "model \"\(model)\" has no breaker; give it one in gateway.yaml"
                        : "there is no model \"\(model.prefix(200))\"",
                    detail: [.init("model", String(model.prefix(200)))]))
        }
        administration.keeper.audit.append(.breaker(of: model, opens: opens, by: administrator))
        if opens { breaker.hold(by: administrator) } else { breaker.reset(by: administrator) }
        var json = JSONWriter()
        json.breaker(breaker.standing(now: .now), of: model)
        return .success(HTTPResponse(json: json.bytes))
    }
}

extension JSONWriter {
    fileprivate mutating func breaker(_ standing: ModelBreaker.Standing, of model: String) {
        beginObject()
        member("model", model)
        member("state", standing.state)
        if let reason = standing.reason { member("reason", reason.text) }
        if standing.nanosecondsLeft > 0 {
            key("probes_in_milliseconds")
            number(Int(clamping: standing.nanosecondsLeft / 1_000_000))
        }
        key("failures")
        number(standing.failures)
        key("openings")
        number(standing.openings)
        endObject()
    }
}
