internal import Tensors

/// Batches of one request that are under way, of which the answers go out in order.
///
/// A plain state machine: told of what happens, it says what is to be done. At most `width` batches are between their
/// start and their answer's way out, and at most about `mostHeld` bytes of answers wait for the client to take them.
/// Where a batch fails, those before it are still answered, those behind it are given up, and that is the end.
struct BatchQueue<Answer> {
    enum Action {
        /// This answer's turn has come.
        case emit(Answer)
        /// Nobody wants these batches any more.
        case cancel([Int])
        /// That was all; or the failure with which it ends.
        case end(SluiceError?)
    }

    private let width: Int
    private let mostHeld: Int
    /// The number of the next batch to start, and of the one whose answer goes out next.
    private var next = 0
    private var head = 0
    /// Answers that came before their turn.
    private var ready: [Int: Answer] = [:]
    /// The first number that isn't answered, and why; with no reason, as there are no more.
    private var stop: (number: Int, reason: SluiceError?)?
    private(set) var isOver = false
    /// Bytes that the client has still to take.
    private(set) var held = 0

    init(width: Int, mostHeld: Int) {
        self.width = max(1, width)
        self.mostHeld = mostHeld
    }

    /// Whether another batch may start now.
    var canStart: Bool { stop == nil && next - head < width && !isFull }
    /// Whether the client has to take some of the answers first.
    var isFull: Bool { held >= mostHeld }
    /// How many batches there are between their start and their answer's way out.
    var underWay: Int { next - head }

    /// Starts a batch; its number.
    mutating func start() -> Int {
        precondition(canStart)
        defer { next += 1 }
        return next
    }

    /// A batch has its answer.
    mutating func answered(_ number: Int, _ answer: Answer) -> [Action] {
        guard !isOver, number >= head, number < stop?.number ?? next else { return [] }
        ready[number] = answer
        return advance()
    }

    /// A batch has failed; or with no number, what comes behind all that have started.
    mutating func failed(_ number: Int?, _ error: SluiceError) -> [Action] {
        let number = number ?? next
        guard !isOver, number >= head, number < stop?.number ?? .max else { return [] }
        stop = (number, error)
        let lost = (number..<max(number, next)).filter { $0 > number && ready[$0] == nil }
        for key in ready.keys where key > number { ready[key] = nil }
        return (lost.isEmpty ? [] : [.cancel(lost)]) + advance()
    }

    /// No batch starts any more.
    mutating func inputEnded() -> [Action] {
        guard !isOver, stop == nil else { return [] }
        stop = (next, nil)
        return advance()
    }

    /// So many bytes are on their way to the client.
    mutating func hold(_ bytes: Int) { held += bytes }

    /// The client has taken so many.
    mutating func taken(_ bytes: Int) { held -= bytes }

    private mutating func advance() -> [Action] {
        var actions: [Action] = []
        while head < stop?.number ?? next, let answer = ready.removeValue(forKey: head) {
            actions.append(.emit(answer))
            head += 1
        }
        if let stop, head == stop.number {
            isOver = true
            actions.append(.end(stop.reason))
        }
        return actions
    }
}
