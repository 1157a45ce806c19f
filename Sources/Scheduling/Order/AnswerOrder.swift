/// Holds answers back until all requests that came before have theirs, for models whose answers go out in order.
///
/// A plain state machine. Failures don't go through it: they are told at once, and `passes` lets those behind go on.
package struct AnswerOrder<Answer: Sendable>: Sendable {
    private enum Place: Sendable {
        case open
        case answered(Answer)
        case gone
    }

    /// Requests that came and whose answers have not gone out, by number.
    private var places: [Place] = []
    private var head = 0
    private var first: UInt64 = 0

    package init() {}

    /// Requests whose turn has not come.
    package var count: Int { places.count - head }

    /// A request comes; its number.
    package mutating func arrive() -> UInt64 {
        places.append(.open)
        return first + UInt64(count) - 1
    }

    /// A request has its answer.
    ///
    /// - Returns: the answers that go out now, in order.
    package mutating func answered(_ number: UInt64, _ answer: Answer) -> [Answer] { settle(number, .answered(answer)) }

    /// A request gets no answer that others should wait for.
    ///
    /// - Returns: the answers that go out now, in order.
    package mutating func passes(_ number: UInt64) -> [Answer] { settle(number, .gone) }

    private mutating func settle(_ number: UInt64, _ place: Place) -> [Answer] {
        guard number >= first, number - first < UInt64(count) else { return [] }
        let index = head + Int(number - first)
        if case .open = places[index] { places[index] = place } else if case .gone = place { places[index] = .gone }
        var out: [Answer] = []
        while head < places.count {
            switch places[head] {
            case .open:
                compact()
                return out
            case .answered(let answer): out.append(answer)
            case .gone: break
            }
            places[head] = .gone
            head += 1
            first += 1
        }
        places.removeAll(keepingCapacity: true)
        head = 0
        return out
    }

    /// Forgets what lies before `head`, seldom enough to cost nothing.
    private mutating func compact() {
        guard head >= 64, head * 2 >= places.count else { return }
        places.removeFirst(head)
        head = 0
    }
}
