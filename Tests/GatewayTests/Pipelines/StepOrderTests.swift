@testable import Gateway
import Testing

@Suite struct StepOrderTests {
    /// What the order should do, found out anew each time from what has happened: slow and plain.
    private struct Model {
        var followers: [[Int]]
        var wanted: [Bool]
        var asked: Set<Int> = []
        var made: Set<Int> = []
        var ended: Set<Int> = []
        var isOver = false

        func takes(_ step: Int) -> [Int] { followers.indices.filter { wanted[$0] && followers[$0].contains(step) } }

        /// Steps that may be asked now and have not been.
        var ready: Set<Int> {
            Set(wanted.indices.filter { wanted[$0] && !asked.contains($0) && takes($0).allSatisfy(made.contains) })
        }
        var underWay: Set<Int> { asked.subtracting(ended) }
        var isComplete: Bool { wanted.indices.allSatisfy { !wanted[$0] || made.contains($0) } }
    }

    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// A graph of steps, and which of them are wanted: with each step all that it takes of.
    private func graph(_ random: inout Random) -> Model {
        let count = Int.random(in: 1...9, using: &random)
        var followers = [[Int]](repeating: [], count: count)
        for step in 0..<count {
            for follower in (step + 1)..<max(count, step + 1) where Int.random(in: 0..<3, using: &random) == 0 {
                followers[step].append(follower)
            }
        }
        var wanted = (0..<count).map { _ in Int.random(in: 0..<4, using: &random) > 0 }
        wanted[Int.random(in: 0..<count, using: &random)] = true
        for step in (0..<count).reversed() where followers[step].contains(where: { wanted[$0] }) { wanted[step] = true }
        return Model(followers: followers, wanted: wanted)
    }

    @Test(arguments: 0..<2_000) func anyOrderOfEventsIsLikeTheModel(_ seed: UInt64) {
        var random = Random(state: seed)
        var model = graph(&random)
        var order = StepOrder(followers: model.followers, wanted: model.wanted)
        var isBegun = false
        for _ in 0..<60 {
            let event = Int.random(in: 0..<20, using: &random)
            let step = Int.random(in: 0..<model.wanted.count, using: &random)
            let actions: StepOrder.Actions
            let isUnderWay = model.underWay.contains(step) && !model.isOver
            switch event {
            case 0 where isBegun:
                actions = order.giveUp()
                #expect(actions.fails == !model.isOver)
                #expect(actions.abandon == (model.isOver ? [] : model.underWay.sorted()))
                model.isOver = true
            case 1 where isBegun:
                actions = order.failed(step)
                #expect(actions.fails == isUnderWay)
                if isUnderWay {
                    model.ended.insert(step)
                    #expect(actions.abandon == model.underWay.sorted())
                    model.isOver = true
                }
            case _ where !isBegun:
                isBegun = true
                actions = order.begin()
                #expect(Set(actions.ask) == model.ready)
            default:
                actions = order.made(step)
                if isUnderWay {
                    model.made.insert(step)
                    model.ended.insert(step)
                    #expect(actions.answers == model.isComplete)
                    #expect(Set(actions.ask) == model.ready)
                    model.isOver = model.isComplete
                } else {
                    #expect(actions == StepOrder.Actions())
                }
            }
            #expect(Set(actions.ask).isDisjoint(with: model.asked), "asked twice")
            #expect(Set(actions.ask).count == actions.ask.count)
            model.asked.formUnion(actions.ask)
            #expect(order.isOver == model.isOver)
            #expect(order.isUnderWay(step) == (model.underWay.contains(step) && !model.isOver))
        }
    }

    @Test func stepsThatTakeNothingOfEachOtherGoSideBySide() {
        var order = StepOrder(followers: [[2], [2], []], wanted: [true, true, true])
        #expect(order.begin().ask == [0, 1])
        #expect(order.made(1) == StepOrder.Actions())
        #expect(order.made(0).ask == [2])
        #expect(order.made(2).answers)
    }

    @Test func whatNobodyAskedForIsLeftOut() {
        var order = StepOrder(followers: [[1, 2], [], []], wanted: [true, false, true])
        #expect(order.begin().ask == [0])
        #expect(order.made(0).ask == [2])
        #expect(order.made(2).answers)
    }

    @Test func afterAFailureNothingIsAsked() {
        var order = StepOrder(followers: [[2], [2], []], wanted: [true, true, true])
        _ = order.begin()
        #expect(order.failed(0) == StepOrder.Actions(abandon: [1], fails: true))
        #expect(order.made(1) == StepOrder.Actions())
        #expect(order.giveUp() == StepOrder.Actions())
    }
}
