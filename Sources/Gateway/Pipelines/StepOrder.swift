/// Which steps one request has gone through, and which it may go to now.
///
/// A plain state machine: told what has become of a step, it says which ones to ask next, whether that was all, or which
/// ones nobody waits for any more. Steps that take nothing of each other are asked at the same time.
struct StepOrder: Sendable {
    /// What follows.
    struct Actions: Sendable, Equatable {
        /// Steps to ask, in their order.
        var ask: [Int] = []
        /// Steps under way that are in vain now.
        var abandon: [Int] = []
        /// Whether all is there that the answer is made of.
        var answers = false
        /// Whether there will be no answer.
        var fails = false
    }

    private enum Progress: Sendable {
        /// So many steps before it have yet to end.
        case waiting(Int)
        case underWay
        case over
        /// Nothing of it is asked for.
        case unwanted
    }

    /// For each step, those that take what it makes.
    private let followers: [[Int]]
    private var steps: [Progress]
    /// Steps that have yet to end.
    private var left = 0
    /// Whether there is an answer, or never will be.
    private(set) var isOver = false

    /// - Parameters:
    ///   - followers: for each step, the later ones that take what it makes; each once.
    ///   - wanted: for each step, whether the answer needs it; those that it takes from are wanted, too.
    init(followers: [[Int]], wanted: [Bool]) {
        self.followers = followers
        var before = Array(repeating: 0, count: wanted.count)
        for (step, followers) in followers.enumerated() where wanted[step] {
            for follower in followers { before[follower] += 1 }
        }
        steps = zip(wanted, before).map { $0 ? .waiting($1) : .unwanted }
        left = wanted.count { $0 }
    }

    /// The request has come.
    mutating func begin() -> Actions {
        guard !isOver else { return Actions() }
        var actions = Actions()
        for index in steps.indices {
            guard case .waiting(0) = steps[index] else { continue }
            steps[index] = .underWay
            actions.ask.append(index)
        }
        return actions
    }

    /// Whether somebody waits for what a step makes.
    func isUnderWay(_ step: Int) -> Bool {
        if case .underWay = steps[step] { !isOver } else { false }
    }

    /// A step has made what it makes.
    mutating func made(_ step: Int) -> Actions {
        guard isUnderWay(step) else { return Actions() }
        steps[step] = .over
        left -= 1
        var actions = Actions()
        if left == 0 {
            isOver = true
            actions.answers = true
            return actions
        }
        for follower in followers[step] {
            guard case .waiting(let before) = steps[follower] else { continue }
            steps[follower] = before > 1 ? .waiting(before - 1) : .underWay
            if before == 1 { actions.ask.append(follower) }
        }
        return actions
    }

    /// A step has failed, and the request with it.
    mutating func failed(_ step: Int) -> Actions {
        guard isUnderWay(step) else { return Actions() }
        steps[step] = .over
        return giveUp()
    }

    /// Nobody waits for the answer any more.
    mutating func giveUp() -> Actions {
        guard !isOver else { return Actions() }
        isOver = true
        var actions = Actions()
        actions.fails = true
        actions.abandon = underWay
        return actions
    }

    /// Steps that have been asked and have not ended, whether anybody waits for them or not.
    var underWay: [Int] {
        steps.indices.filter { if case .underWay = steps[$0] { true } else { false } }
    }
}
