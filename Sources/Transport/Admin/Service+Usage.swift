internal import Codecs
internal import Configuration
internal import Gateway
internal import Policies
internal import Tensors

extension Service {
    /// So many quotas are listed at most: those of which the largest part is used.
    private static let listedQuotas = 1_000

    /// How quotas stand: all of one consumer, or those of which something is used.
    func usage(of consumer: String?) -> AdminAnswer {
        let policies = (administration.keeper.gate ?? gate).policies
        var ledgers = policies.ledgers
        if let consumer {
            guard policies.consumers.contains(where: { $0.name == consumer }) else {
                return .failure(
                    SluiceError(
                        .notFound, "there is no consumer \"\(consumer)\"", detail: [.init("consumer", consumer)]))
            }
            ledgers = ledgers.filter { $0.subject == QuotaSubject(.consumer, consumer) }
        }
        let now = QuotaMoment.now
        var standings = ledgers.flatMap { ledger in
            ledger.buckets.map { (subject: ledger.subject, standing: $0.standing(now: now)) }
        }
        if consumer == nil {
            standings.removeAll { $0.standing.used <= 0 }
            // By the part that is used, without dividing.
            standings.sort {
                $0.standing.used * Double($1.standing.policy.capacity)
                    > $1.standing.used * Double($0.standing.policy.capacity)
            }
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("usage")
        json.beginArray()
        for (subject, standing) in standings.prefix(Self.listedQuotas) { json.usage(subject, standing) }
        json.endArray()
        json.key("more")
        json.number(max(0, standings.count - Self.listedQuotas))
        json.endObject()
        return .success(HTTPResponse(json: json.bytes))
    }
}

extension JSONWriter {
    fileprivate mutating func usage(_ subject: QuotaSubject, _ standing: QuotaBucket.Standing) {
        let policy = standing.policy
        beginObject()
        member("scope", subject.kind.rawValue)
        if !subject.name.isEmpty { member("name", subject.name) }
        member("quota", policy.name)
        member("count", policy.count.text)
        member("of", policy.text)
        key("used")
        number(standing.used)
        key("limit")
        number(policy.capacity)
        key("remaining")
        number(standing.remaining)
        key("whole_in_seconds")
        number(Int(clamping: (standing.nanosecondsUntilFull + 999_999_999) / 1_000_000_000))
        member("mode", policy.isShadow ? "shadow" : "enforce")
        member("store", policy.store ?? "memory")
        endObject()
    }
}
