internal import Codecs
internal import Configuration
internal import Gateway
internal import Routing
internal import Telemetry
internal import Tensors

extension Service {
    /// Where every route sends to.
    func routes() -> HTTPResponse {
        let now = Int64(WallClock.secondsSince1970)
        var json = JSONWriter()
        json.beginObject()
        json.key("routes")
        json.beginArray()
        for route in (administration.keeper.gate ?? gate).routes.routes { json.route(route, at: now) }
        json.endArray()
        json.endObject()
        return HTTPResponse(json: json.bytes)
    }

    /// Moves a canary by hand.
    func moveCanary(of name: String, to text: String, by administrator: String) -> AdminAnswer {
        let gate = administration.keeper.gate ?? gate
        guard let route = gate.routes.routes.first(where: { $0.name == name }) else {
            return .failure(
                SluiceError(
                    .notFound, "there is no route \"\(name.prefix(200))\"",
                    detail: [.init("routes", Array(gate.routes.routes.prefix(20).map(\.name)))]))
        }
        guard route.canary != nil else {
            return .failure(
                SluiceError(
                    .notFound, "route \"\(name)\" has no canary; give it one in gateway.yaml",
                    detail: [.init("route", name)]))
        }
        let share = ShareText.parse(text)
        guard share != nil || text == "file" else {
            return .failure(
                SluiceError(
                    .invalidParameter,
                    "\"\(text.prefix(32))\" is no share; write e.g. 20%, or file for what gateway.yaml says"))
        }
        administration.keeper.audit.append(.canary(of: name, share: text, by: administrator))
        gate.moveCanary(of: route, to: share, by: administrator)
        var json = JSONWriter()
        json.route(route, at: Int64(WallClock.secondsSince1970))
        return .success(HTTPResponse(json: json.bytes))
    }
}

extension JSONWriter {
    fileprivate mutating func route(_ route: Route, at seconds: Int64) {
        beginObject()
        member("name", route.name)
        key("models")
        strings(route.targets.map(\.name))
        if let canary = route.canary {
            let standing = canary.standing
            key("canary")
            beginObject()
            member("model", route.targets[1].name)
            member("share", ShareText.text(standing.share(at: seconds)))
            member("by", standing.commanded == nil ? "file" : "command")
            if let next = standing.next(after: seconds) {
                member("next_share", ShareText.text(next.share))
                member("next_at", ConsumerConfiguration.Key.dateText(next.at))
            }
            endObject()
        }
        endObject()
    }
}
