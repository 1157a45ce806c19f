internal import Codecs
internal import Gateway

/// `GET /v2/models[/{model}]/stats`: what has become of the calls into each model.
///
/// Quick models, which run where their requests come in, have no queue: its count is 0.
struct StatisticsDocument {
    let entries: [ModelEntry]

    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("model_stats")
        json.beginArray()
        for entry in entries { write(entry, to: &json) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private func write(_ entry: ModelEntry, to json: inout JSONWriter) {
        let totals = entry.statistics.snapshot
        json.beginObject()
        json.member("name", entry.name)
        json.member("version", entry.model.version)
        json.member("last_inference", totals.lastInference)
        json.member("inference_count", totals.inferences)
        json.member("execution_count", totals.compute.count)
        json.key("inference_stats")
        json.beginObject()
        write("success", totals.success, to: &json)
        write("fail", totals.failure, to: &json)
        write("queue", totals.queue, to: &json)
        write("compute_input", totals.input, to: &json)
        write("compute_infer", totals.compute, to: &json)
        write("compute_output", totals.output, to: &json)
        write("cache_hit", totals.cacheHit, to: &json)
        write("cache_miss", totals.cacheMiss, to: &json)
        json.endObject()
        json.key("response_stats")
        json.beginObject()
        json.endObject()
        json.key("batch_stats")
        json.beginArray()
        json.endArray()
        json.key("memory_usage")
        json.beginArray()
        json.endArray()
        json.endObject()
    }

    private func write(_ key: String, _ total: ModelStatistics.Total, to json: inout JSONWriter) {
        json.key(key)
        json.beginObject()
        json.member("count", total.count)
        json.member("ns", total.nanoseconds)
        json.endObject()
    }
}

extension JSONWriter {
    /// One key with a whole number.
    mutating func member(_ key: String, _ value: UInt64) {
        self.key(key)
        number(Int(clamping: value))
    }
}
