/// One walk of a pattern over a text.
struct TextPatternRun {
    private let pattern: TextPattern
    /// States to be in at the next byte, with where each of them began.
    private var current: [(state: Int, start: Int)] = []
    private var next: [(state: Int, start: Int)] = []
    /// For each state, the last byte at which it was entered: nobody enters twice, and who came first began first.
    private var entered: [Int]
    private var stack: [Int] = []

    init(_ pattern: TextPattern) {
        self.pattern = pattern
        entered = Array(repeating: -1, count: pattern.states.count)
    }

    mutating func spans(in bytes: Span<UInt8>, steps: inout Int) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        for place in 0...bytes.count {
            // Those that go on stand before the one that begins here, so that the longest match is the one that is kept.
            var earliest: Int?
            next.removeAll(keepingCapacity: true)
            let isBoundary = Self.isBoundary(bytes, place)
            for (state, start) in current {
                follow(state, start, place, isBoundary, &steps, &earliest)
            }
            follow(pattern.start, place, place, isBoundary, &steps, &earliest)
            if let earliest, earliest < place { Self.add(earliest..<place, to: &spans) }
            current.removeAll(keepingCapacity: true)
            guard place < bytes.count else { break }
            let byte = bytes[place]
            for (state, start) in next {
                if case .byte(let set, let after) = pattern.states[state], set.contains(byte) {
                    current.append((after, start))
                }
            }
        }
        return spans
    }

    /// Enters a state and all that it leads to without a byte.
    private mutating func follow(
        _ state: Int, _ start: Int, _ place: Int, _ isBoundary: Bool, _ steps: inout Int, _ earliest: inout Int?
    ) {
        stack.append(state)
        while let state = stack.popLast() {
            guard entered[state] != place else { continue }
            entered[state] = place
            steps += 1
            switch pattern.states[state] {
            case .byte: next.append((state, start))
            case .split(let one, let other):
                stack.append(other)
                stack.append(one)
            case .boundary(let after): if isBoundary { stack.append(after) }
            case .match: earliest = Swift.min(earliest ?? start, start)
            }
        }
    }

    private static func add(_ span: Range<Int>, to spans: inout [Range<Int>]) {
        var span = span
        // Ends only grow, so what overlaps are the last ones.
        while let last = spans.last, last.upperBound >= span.lowerBound {
            span = Swift.min(last.lowerBound, span.lowerBound)..<span.upperBound
            spans.removeLast()
        }
        spans.append(span)
    }

    private static func isBoundary(_ bytes: Span<UInt8>, _ place: Int) -> Bool {
        let before = place > 0 && bytes[place - 1].isOfWord
        let after = place < bytes.count && bytes[place].isOfWord
        return before != after
    }
}

extension UInt8 {
    /// Letters, digits and `_`, and every byte of a character beyond ASCII.
    package var isOfWord: Bool { isLetter || isDigit || self == UInt8(ascii: "_") || self >= 0x80 }
    package var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }
    package var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
}
