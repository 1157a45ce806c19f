internal import Codecs
internal import Configuration
internal import Gateway
internal import Routing
internal import Tensors

extension Service {
    /// How every shadow compares with what it is the shadow of.
    func shadows() -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.key("shadows")
        json.beginArray()
        for shadow in (administration.keeper.gate ?? gate).shadows.compactMap({ $0 }) { json.shadow(shadow) }
        json.endArray()
        json.endObject()
        return HTTPResponse(json: json.bytes)
    }
}

extension JSONWriter {
    fileprivate mutating func shadow(_ shadow: ShadowTraffic) {
        let (tally, load) = (shadow.tally, shadow.load)
        beginObject()
        member("route", shadow.route)
        member("model", shadow.model)
        member("share", ShareText.text(shadow.settings.share))
        count("compared", tally.compared)
        count("failed", tally.failed)
        count("left_out_busy", tally.busy)
        count("left_out_memory", tally.full)
        count("running", load.running)
        count("held_bytes", load.bytes)
        if let nanoseconds = tally.meanAnswerNanoseconds { milliseconds("answer_milliseconds", nanoseconds) }
        if let nanoseconds = tally.meanShadowNanoseconds { milliseconds("shadow_milliseconds", nanoseconds) }
        key("failures")
        beginObject()
        for (code, number) in tally.failures.sorted(by: { $0.key < $1.key }) { count(code, number) }
        endObject()
        key("outputs")
        beginArray()
        for output in tally.outputs {
            beginObject()
            member("name", output.name)
            count("rows", output.rows)
            count("agreeing", output.agreeing)
            if let agreement = output.agreement {
                key("agreement")
                number(agreement)
            }
            if let error = output.maxError {
                key("max_error")
                if error.isFinite { number(error) } else { string("infinite") }
            }
            count("different", output.different)
            endObject()
        }
        endArray()
        endObject()
    }

    private mutating func count(_ name: String, _ value: Int) {
        key(name)
        number(value)
    }

    private mutating func milliseconds(_ name: String, _ nanoseconds: UInt64) {
        key(name)
        number(Double(nanoseconds) / 1_000_000)
    }
}
