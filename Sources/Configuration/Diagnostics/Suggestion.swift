/// Finds what was probably meant.
enum Suggestion {
    /// Longer names are never compared: nobody mistypes them, and comparing costs the product of the lengths.
    private static let longest = 64

    /// The candidate that is nearest to `text`, where one is near enough to be a slip of the keyboard.
    static func nearest(to text: String, in candidates: some Sequence<String>) -> String? {
        let wanted = Array(text.lowercased().unicodeScalars)
        guard !wanted.isEmpty, wanted.count <= longest else { return nil }
        // One slip in three characters: "cls-v3" is "cls-v1", but "a" is not "b".
        let allowed = max(wanted.count / 3, wanted.count > 1 ? 1 : 0)
        var best: (name: String, distance: Int)?
        for candidate in candidates where candidate != text {
            let letters = Array(candidate.lowercased().unicodeScalars)
            guard letters.count <= longest, abs(letters.count - wanted.count) <= allowed else { continue }
            let distance = editDistance(wanted, letters)
            guard distance <= allowed else { continue }
            if let known = best, (known.distance, known.name) <= (distance, candidate) { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// `did you mean "…"?` where something is near, else the `candidates` listed after `label`.
    static func text(for text: String, in candidates: [String], label: String) -> String? {
        if let nearest = nearest(to: text, in: candidates) { return "did you mean \(quoted(nearest))?" }
        guard !candidates.isEmpty else { return nil }
        let shown = candidates.prefix(12).joined(separator: ", ")
        return "\(label): \(shown)" + (candidates.count > 12 ? ", and \(candidates.count - 12) more" : "")
    }

    /// Fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
    static func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}

/// `text` in quotes for a message: one line, no control characters, not too long.
func quoted(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(60) {
        shown.unicodeScalars.append(SourceText.isForbidden(scalar) || scalar == "\n" ? "\u{FFFD}" : scalar)
    }
    return "\"\(shown)\(text.unicodeScalars.count > 60 ? "…" : "")\""
}
