internal import Codecs
internal import Configuration
internal import Tensors

/// The gateway's own settings as Triton's clients ask for them. They come from gateway.yaml and can't be changed by
/// request: whoever may call a model may not thereby change what the gateway logs.
enum SettingsDocument {
    /// `GET /v2/logging`
    static func log(_ observability: ObservabilityConfiguration) -> [UInt8] {
        let level = observability.logLevel
        var json = JSONWriter()
        json.beginObject()
        json.member("log_file", "")
        json.key("log_info")
        json.bool(logs(.info, at: level))
        json.key("log_warning")
        json.bool(logs(.warning, at: level))
        json.key("log_error")
        json.bool(logs(.error, at: level))
        json.key("log_verbose_level")
        json.number(level == .debug ? 1 : 0)
        json.member("log_format", "json")
        json.endObject()
        return json.bytes
    }

    /// Whether lines of a level are written.
    static func logs(_ line: ObservabilityConfiguration.Level, at level: ObservabilityConfiguration.Level) -> Bool {
        let order = ObservabilityConfiguration.Level.allCases
        return (order.firstIndex(of: line) ?? 0) >= (order.firstIndex(of: level) ?? 0)
    }

    /// `GET /v2/trace/setting`: the gateway hands traces on and records none.
    static func trace() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("trace_level")
        json.strings(["OFF"])
        json.endObject()
        return json.bytes
    }

    /// The refusal of a change.
    static let refusal = SluiceError(
        .forbidden, "settings come from gateway.yaml and can't be changed by request")

    /// Whether the body of a request asks for no change: it is empty, or an empty object.
    static func isEmpty(_ body: RequestBody) -> Bool {
        let text = unsafe body.storage.bytes[body.range].filter { !($0 == 0x20 || (0x09...0x0D).contains($0)) }
        return text.isEmpty || text == Array("{}".utf8)
    }
}
