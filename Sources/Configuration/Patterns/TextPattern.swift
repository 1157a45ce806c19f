/// A pattern of text that is found in time linear in the text's length, whatever either says.
///
/// It is compiled to a Thompson machine: at each byte every state is entered at most once, so a text of n bytes takes at most
/// n times as many steps as there are states. Nothing is ever tried again. What it knows: literal text, `.`, classes
/// (`[a-z]`, `[^0-9]`, `\d`, `\w`, `\s` and their capitals), groups, `|`, `?`, `*`, `+` and `{2,5}`. It knows no
/// backreferences, no look-around, no lazy or possessive repetition, and no anchors but `\b`.
package struct TextPattern: Sendable {
    /// Why a pattern is none.
    package struct Mistake: Error, Sendable, Equatable {
        package var reason: String
        /// In bytes from the start of the pattern.
        package var place: Int
    }

    /// A class of bytes: one bit each.
    struct ByteSet: Sendable, Equatable {
        private var low: UInt128 = 0
        private var high: UInt128 = 0

        mutating func insert(_ byte: UInt8) {
            if byte < 128 { low |= 1 << UInt128(byte) } else { high |= 1 << UInt128(byte - 128) }
        }

        func contains(_ byte: UInt8) -> Bool {
            byte < 128 ? low >> UInt128(byte) & 1 == 1 : high >> UInt128(byte - 128) & 1 == 1
        }

        mutating func formUnion(_ other: ByteSet) {
            low |= other.low
            high |= other.high
        }

        /// All bytes that aren't in it; those of characters beyond ASCII are always either all in or all out.
        var inverted: ByteSet {
            var set = self
            (set.low, set.high) = (~low, ~high)
            return set
        }
    }

    enum State: Sendable {
        case byte(ByteSet, next: Int)
        case split(Int, Int)
        case boundary(next: Int)
        case match
    }

    /// States that a pattern may have once its repetitions are written out.
    package static let mostStates = 2_000
    package static let longest = 512

    /// As it is written.
    package let text: String
    let states: [State]
    let start: Int

    /// - Throws: what is wrong with it, and where.
    package init(_ text: String) throws(Mistake) {
        self.text = text
        var compiler = TextPatternCompiler(text)
        (states, start) = try compiler.compile()
    }

    /// How many states it has: a text of n bytes takes at most about n times as many steps.
    package var stateCount: Int { states.count }

    /// Finds all that the pattern means: matches that overlap or touch are one.
    ///
    /// - Parameter steps: counts the states that were entered.
    package func spans(in bytes: Span<UInt8>, steps: inout Int) -> [Range<Int>] {
        var run = TextPatternRun(self)
        return run.spans(in: bytes, steps: &steps)
    }

    package func spans(in bytes: Span<UInt8>) -> [Range<Int>] {
        var steps = 0
        return spans(in: bytes, steps: &steps)
    }
}
