import Tensors
import Testing

@testable import Gateway

/// The queue against a model that knows the whole history: whatever happens, answers go out in order and once, bounds
/// hold, and the end comes when it must.
@Suite struct BatchQueueTests {
    private struct History {
        var started = 0
        var emitted: [Int] = []
        var cancelled: Set<Int> = []
        var answered: Set<Int> = []
        var failed: [Int] = []
        var held = 0
        var end: (reason: SluiceError?, count: Int)?
    }

    private func take(_ actions: [BatchQueue<Int>.Action], into history: inout History) {
        for action in actions {
            #expect(history.end == nil, "nothing happens behind the end")
            switch action {
            case .emit(let number):
                history.emitted.append(number)
            case .cancel(let numbers):
                for number in numbers { #expect(history.cancelled.insert(number).inserted) }
            case .end(let reason): history.end = (reason, history.emitted.count)
            }
        }
    }

    @Test(arguments: 1...200)
    func holdsWhateverHappens(seed: UInt64) {
        var random = SplitMix(state: seed)
        let width = Int.random(in: 1...6, using: &random)
        let mostHeld = Int.random(in: 1...50, using: &random)
        var queue = BatchQueue<Int>(width: width, mostHeld: mostHeld)
        var history = History()
        var inputHasEnded = false
        for _ in 0..<400 where history.end == nil {
            let before = history.emitted.count
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<7:
                if queue.canStart {
                    #expect(!inputHasEnded && history.failed.isEmpty && history.held < mostHeld)
                    #expect(queue.start() == history.started)
                    history.started += 1
                }
            case 7..<14:
                let open = (0..<history.started).filter {
                    !history.answered.contains($0) && !history.failed.contains($0) && !history.cancelled.contains($0)
                }
                guard let number = open.randomElement(using: &random) else { continue }
                history.answered.insert(number)
                take(queue.answered(number, number), into: &history)
            case 14..<18:
                if history.held > 0 {
                    let count = Int.random(in: 1...history.held, using: &random)
                    history.held -= count
                    queue.taken(count)
                }
            case 18:
                let isRare = Int.random(in: 0..<8, using: &random) == 0
                let open = (0..<history.started).filter {
                    !history.answered.contains($0) && !history.failed.contains($0) && !history.cancelled.contains($0)
                }
                guard isRare, let number = open.randomElement(using: &random) else { continue }
                history.failed.append(number)
                take(queue.failed(number, SluiceError(.modelFailed, "\(number)")), into: &history)
            default:
                if Int.random(in: 0..<10, using: &random) == 0 {
                    inputHasEnded = true
                    take(queue.inputEnded(), into: &history)
                }
            }
            for _ in before..<history.emitted.count {
                let bytes = Int.random(in: 0...20, using: &random)
                queue.hold(bytes)
                history.held += bytes
            }
            #expect(history.emitted == Array(0..<history.emitted.count))
            #expect(history.emitted.allSatisfy { history.answered.contains($0) })
            #expect(queue.underWay == history.started - history.emitted.count || history.end != nil)
            #expect(queue.underWay <= width)
            #expect(queue.held == history.held)
            #expect(queue.isOver == (history.end != nil))
        }
        guard let end = history.end else { return }
        if let first = history.failed.min() {
            #expect(end.reason?.message == "\(first)")
            #expect(end.count == first)
            // Whatever was under way behind it was given up.
            for number in (first + 1)..<max(history.started, first + 1)
            where !history.answered.contains(number) && !history.failed.contains(number) {
                #expect(history.cancelled.contains(number))
            }
        } else {
            #expect(inputHasEnded && end.reason == nil && end.count == history.started)
        }
    }

    @Test func anErrorOfTheInputComesBehindWhatHasStarted() {
        var queue = BatchQueue<Int>(width: 3, mostHeld: 100)
        var history = History()
        (_, _) = (queue.start(), queue.start())
        take(queue.failed(nil, SluiceError(.payloadTooLarge, "row 3")), into: &history)
        #expect(history.end == nil && !queue.canStart)
        take(queue.answered(1, 1), into: &history)
        #expect(history.emitted.isEmpty)
        take(queue.answered(0, 0), into: &history)
        #expect(history.emitted == [0, 1])
        #expect(history.end?.reason?.code == .payloadTooLarge)
    }

    @Test func nothingStartsWhileTheClientHoldsEverythingUp() {
        var queue = BatchQueue<Int>(width: 3, mostHeld: 10)
        _ = queue.start()
        _ = queue.answered(0, 0)
        queue.hold(12)
        #expect(queue.isFull && !queue.canStart)
        queue.taken(5)
        #expect(queue.canStart)
    }
}

/// SplitMix64: the same numbers on every run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
