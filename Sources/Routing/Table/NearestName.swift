/// Finds the name that someone probably meant.
package enum NearestName {
    /// Longer names are not compared, nor more than `mostNames` of them: the effort is bounded whatever is asked.
    private static let longestName = 64
    private static let mostNames = 1_000

    /// The name with the fewest edits from `name`, at most a third of its length; the first among equals.
    package static func to(_ name: String, among names: [String]) -> String? {
        guard name.utf8.count <= longestName else { return nil }
        let wanted = Array(name.lowercased().utf8)
        var best: (name: String, distance: Int)?
        for candidate in names.prefix(mostNames) where candidate.utf8.count <= longestName {
            let distance = distance(wanted, Array(candidate.lowercased().utf8))
            if distance < best?.distance ?? max(1, wanted.count / 3) + 1 { best = (candidate, distance) }
        }
        return best?.name
    }

    /// How many bytes to insert, drop, replace or swap with their neighbour (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var fewest = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    fewest = min(fewest, beforeLast[column - 1] + 1)
                }
                current.append(fewest)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
