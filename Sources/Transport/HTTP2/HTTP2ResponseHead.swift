internal import Gateway
internal import NIOHPACK
internal import Policies

/// Collects the header fields of a response as HTTP/2 carries them.
struct HTTP2ResponseHead {
    private(set) var headers = HPACKHeaders()

    init(status: Int, capacity: Int = 8) {
        headers.reserveCapacity(capacity)
        headers.add(name: ":status", value: status == 200 ? "200" : String(status))
    }

    /// Trailers, which have no status.
    init() {
        headers.reserveCapacity(5)
    }

    /// A field whose value comes again in other responses: both ends remember it, and next time it takes a byte.
    mutating func field(_ name: String, _ value: String) {
        headers.add(name: name, value: value)
    }

    /// A field whose value hardly comes again: remembering it would push out those that do.
    mutating func field(unique name: String, _ value: String) {
        headers.add(name: name, value: value, indexing: .nonIndexable)
    }

    /// How the answer came about.
    mutating func add(_ summary: Answer.Summary) {
        if let model = summary.model { field("sluice-model", model) }
        if !summary.failedAttempts.isEmpty {
            field("sluice-fallback", summary.failedAttempts.joined(separator: ", "))
        }
        if let cache = summary.cache { field("sluice-cache", cache) }
        if let quota = summary.quota {
            field("ratelimit-policy", quota.policyHeader)
            field(unique: "ratelimit", quota.header)
        }
    }
}
