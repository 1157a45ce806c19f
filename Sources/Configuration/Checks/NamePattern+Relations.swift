// How patterns relate to each other; for checks of the file, so quadratic is good enough.

extension NamePattern {
    /// Whether every name that `other` matches is matched by this pattern too.
    ///
    /// The other one's `*` is read as a character that only a `*` can match: what takes it in takes in anything.
    func covers(_ other: NamePattern) -> Bool {
        let star = UInt8(ascii: "*")
        let characters = Array(text.utf8)
        let name = Array(other.text.utf8)
        var (at, next) = (0, 0)
        // Where to go back to when what follows the latest `*` doesn't fit: its place, and what it has taken so far.
        var retry: (star: Int, taken: Int)?
        while next < name.count {
            if at < characters.count, characters[at] == star {
                retry = (at, next)
                at += 1
            } else if at < characters.count, characters[at] == name[next] {
                at += 1
                next += 1
            } else if let last = retry {
                retry = (last.star, last.taken + 1)
                at = last.star + 1
                next = last.taken + 1
            } else {
                return false
            }
        }
        return characters[at...].allSatisfy { $0 == star }
    }

    /// Whether there is a name that both patterns match.
    package func overlaps(_ other: NamePattern) -> Bool {
        let star = UInt8(ascii: "*")
        let others = Array(other.text.utf8)
        // reachable[j]: the first i characters of this pattern and the first j of the other one can match the same text.
        var reachable = [true] + Array(repeating: false, count: others.count)
        for (j, character) in others.enumerated() { reachable[j + 1] = reachable[j] && character == star }
        for mine in text.utf8 {
            var row = [reachable[0] && mine == star]
            for (j, theirs) in others.enumerated() {
                let stretches = mine == star || theirs == star
                row.append(stretches ? reachable[j + 1] || row[j] : reachable[j] && mine == theirs)
            }
            reachable = row
        }
        return reachable[others.count]
    }
}
