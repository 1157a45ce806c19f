/// Says which of many events alike get a record: the first at once, all others of the next seconds in one.
///
/// A plain state machine on a clock of seconds. Memory is bounded: what finds no room is counted under its event alone.
struct AuditDigest: Sendable {
    /// A record, and how many events it stands for besides the one it was made of.
    struct Summary: Sendable, Equatable {
        var record: AuditRecord
        var count: Int
    }

    private struct Entry: Sendable {
        var record: AuditRecord
        var began: Int64
        var more: Int
    }

    static let window: Int64 = 10
    static let capacity = 256

    private var entries: [String: Entry] = [:]
    /// By event: those for which there was no room.
    private var others: [String: Entry] = [:]

    /// Something happened; whether it gets a record of its own.
    ///
    /// - Parameter key: what makes two events alike.
    mutating func note(_ record: AuditRecord, key: String, now: Int64) -> Bool {
        if entries[key] != nil {
            entries[key]?.more += 1
            return false
        }
        guard entries.count < Self.capacity else {
            others[record.event, default: Entry(record: AuditRecord(record.event), began: now, more: 0)].more += 1
            return false
        }
        entries[key] = Entry(record: record, began: now, more: 0)
        return true
    }

    /// What is to be said of windows that are over; all of them where it is the end.
    mutating func due(now: Int64, isEnd: Bool = false) -> [Summary] {
        var summaries: [Summary] = []
        for (key, entry) in entries where isEnd || now - entry.began >= Self.window {
            entries[key] = nil
            if entry.more > 0 { summaries.append(Summary(record: entry.record, count: entry.more)) }
        }
        for (event, entry) in others where isEnd || now - entry.began >= Self.window {
            others[event] = nil
            summaries.append(Summary(record: entry.record, count: entry.more))
        }
        return summaries.sorted { $0.record.event < $1.record.event }
    }

    var isEmpty: Bool { entries.isEmpty && others.isEmpty }
}
