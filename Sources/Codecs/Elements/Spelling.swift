/// Finds the name that a mistyped one was meant to be.
package enum Spelling {
    /// The end of an error message: `; did you mean "petal_width"?`, or nothing where no name is near.
    package static func suggestion(for name: String, among names: [String]) -> String {
        nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// The name that is the fewest edits away, at most a third of the name's length; `nil` where none is.
    ///
    /// Long names, and names past the first thousand, aren't looked at: this runs on what clients send.
    package static func nearest(to name: String, among names: [String]) -> String? {
        let wanted = Array(name.utf8.prefix(65))
        guard wanted.count <= 64 else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in names.prefix(1000) where candidate.utf8.count <= 64 {
            let distance = editDistance(wanted, Array(candidate.utf8))
            guard distance <= max(wanted.count, candidate.utf8.count) / 3 else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Levenshtein's distance, letters compared without case.
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous = Array(0...right.count)
        for (row, leftByte) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (column, rightByte) in right.enumerated() {
                let substitution = previous[column] + (lowercase(leftByte) == lowercase(rightByte) ? 0 : 1)
                current.append(min(substitution, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}
