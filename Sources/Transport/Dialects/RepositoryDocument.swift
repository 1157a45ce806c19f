internal import Codecs
internal import Gateway

/// `POST /v2/repository/index`: every model that the caller may use, and whether it can answer.
struct RepositoryDocument {
    let entries: [ModelEntry]

    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for entry in entries {
            json.beginObject()
            json.member("name", entry.name)
            json.member("version", entry.model.version)
            json.member("state", entry.repositoryState)
            json.member("reason", entry.repositoryReason)
            json.endObject()
        }
        json.endArray()
        return json.bytes
    }
}

extension ModelEntry {
    /// The model's state as clients of the protocol know it.
    var repositoryState: String { model.isReady ? "READY" : "UNAVAILABLE" }

    /// Why it isn't ready. What the plugin said is for the log: it may name files.
    var repositoryReason: String { model.isReady ? "" : "it could not be loaded" }
}
