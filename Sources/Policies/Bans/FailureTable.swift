/// Who has failed how often to prove who they are, and who is shut out for it. A plain state machine on a clock of seconds.
///
/// Memory is bounded: the table has `sets` sets of eight places, and whoever comes in where all are taken takes the place
/// of the one that matters least. A caller can't choose its set, as hashes are seeded anew in every process.
struct FailureTable: Sendable {
    struct Policy: Sendable, Equatable {
        /// So many failures within `within` seconds are one too many.
        var failures: Int
        var within: Int64
        /// Seconds that a ban lasts.
        var lasts: Int64
    }

    private struct Place: Sendable {
        var key: UInt64
        var count: Int
        /// When the first of the counted failures was.
        var began: Int64
        /// Up to when it is banned; 0 for not at all.
        var banned: Int64
    }

    private static let placesOfASet = 8

    let policy: Policy
    private var sets: [[Place]]
    /// Up to when anybody at all is banned.
    private(set) var lastEnd: Int64 = 0

    init(_ policy: Policy, sets: Int = 4_096) {
        self.policy = policy
        self.sets = Array(repeating: [], count: sets)
    }

    /// Seconds until the ban ends; `nil` for whoever isn't banned.
    func wait(of key: UInt64, now: Int64) -> Int64? {
        guard now < lastEnd else { return nil }
        guard let place = sets[index(of: key)].first(where: { $0.key == key }), now < place.banned else { return nil }
        return place.banned - now
    }

    /// Somebody has failed; whether that begins a ban.
    mutating func failed(_ key: UInt64, now: Int64) -> Bool {
        let set = index(of: key)
        guard let at = sets[set].firstIndex(where: { $0.key == key }) else {
            let new = Place(key: key, count: 1, began: now, banned: 0)
            insert(new, in: set, now: now)
            return policy.failures <= 1 && ban(key, in: set, now: now)
        }
        if now >= sets[set][at].banned, now - sets[set][at].began >= policy.within {
            sets[set][at] = Place(key: key, count: 1, began: now, banned: 0)
        } else {
            sets[set][at].count += 1
        }
        guard sets[set][at].banned <= now, sets[set][at].count >= policy.failures else { return false }
        return ban(key, in: set, now: now)
    }

    private mutating func ban(_ key: UInt64, in set: Int, now: Int64) -> Bool {
        guard let at = sets[set].firstIndex(where: { $0.key == key }) else { return false }
        let end = now + policy.lasts
        // After the ban counting begins anew.
        sets[set][at] = Place(key: key, count: 0, began: end, banned: end)
        lastEnd = max(lastEnd, end)
        return true
    }

    /// Takes a free place, or that of the one with the fewest failures, the oldest of them first; those who are banned
    /// give way last.
    private mutating func insert(_ new: Place, in set: Int, now: Int64) {
        guard sets[set].count >= Self.placesOfASet else { return sets[set].append(new) }
        let least = sets[set].indices.min { left, right in
            let (a, b) = (sets[set][left], sets[set][right])
            return (a.banned > now ? a.banned : 0, a.count, a.began) < (b.banned > now ? b.banned : 0, b.count, b.began)
        }
        if let least { sets[set][least] = new }
    }

    private func index(of key: UInt64) -> Int { Int(key % UInt64(sets.count)) }

    /// Places that are taken.
    var count: Int { sets.reduce(0) { $0 + $1.count } }
}
