/// The longest stretches of elements that a block has in common with a larger one of the same rank that it is a corner of.
///
/// Both are row-major. A sentence of 7 tokens in a row with room for 12 is one stretch of 7; ten rows of them are ten.
struct BlockCopy {
    private let small: [Int]
    /// Elements from one index of each outer axis to the next, in the small block and in the large one.
    private let smallSteps: [Int]
    private let largeSteps: [Int]
    /// Axes that are walked through one index at a time.
    private let outerAxes: Int
    /// Elements of one stretch.
    let run: Int

    /// - Parameter small: each of its dimensions is at most that of `large`.
    init(small: [Int], large: [Int]) {
        self.small = small
        outerAxes = small.indices.last { small[$0] != large[$0] } ?? 0
        run = small[outerAxes...].reduce(1, *)
        smallSteps = small.indices.map { small[($0 + 1)...].reduce(1, *) }
        largeSteps = large.indices.map { large[($0 + 1)...].reduce(1, *) }
    }

    /// Calls `body` with the first element of each stretch, in the small block and in the large one.
    func forEachRun(_ body: (_ small: Int, _ large: Int) -> Void) {
        guard run > 0, !small.isEmpty, !small[..<outerAxes].contains(0) else { return }
        var index = Array(repeating: 0, count: outerAxes)
        var (from, to) = (0, 0)
        while true {
            body(from, to)
            var axis = outerAxes - 1
            while axis >= 0 {
                index[axis] += 1
                from += smallSteps[axis]
                to += largeSteps[axis]
                if index[axis] < small[axis] { break }
                from -= small[axis] * smallSteps[axis]
                to -= small[axis] * largeSteps[axis]
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
