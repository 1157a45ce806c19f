/// A pattern of names in which `*` stands for any run of characters, `/` included.
struct NamePattern: Sendable, Equatable {
    let text: String
    private let characters: [UInt8]

    init(_ text: String) {
        self.text = text
        characters = Array(text.utf8)
    }

    /// Whether every name that `other` matches is matched by this pattern too.
    ///
    /// The other one's `*` is read as a character that only a `*` can match: what takes it in takes in anything.
    func covers(_ other: NamePattern) -> Bool {
        let (star, name) = (UInt8(ascii: "*"), other.characters)
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
    func overlaps(_ other: NamePattern) -> Bool {
        let star = UInt8(ascii: "*")
        // reachable[j]: the first i characters of this pattern and the first j of the other one can match the same text.
        var reachable = [true] + Array(repeating: false, count: other.characters.count)
        for (j, character) in other.characters.enumerated() { reachable[j + 1] = reachable[j] && character == star }
        for mine in characters {
            var row = [reachable[0] && mine == star]
            for (j, theirs) in other.characters.enumerated() {
                let stretches = mine == star || theirs == star
                row.append(stretches ? reachable[j + 1] || row[j] : reachable[j] && mine == theirs)
            }
            reachable = row
        }
        return reachable[other.characters.count]
    }
}
