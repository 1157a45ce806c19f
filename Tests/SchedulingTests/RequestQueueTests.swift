import Scheduling
import Tensors
import Testing

@Suite struct RequestQueueTests {
    private func time(_ nanoseconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    @Test func requestsStartAtOnceWhileCallsAreFree() {
        var queue = RequestQueue<Int>(capacity: 4, concurrency: 2)
        #expect(queue.arrive(1, deadline: nil) == .start)
        #expect(queue.arrive(2, deadline: nil) == .start)
        #expect(queue.arrive(3, deadline: nil) == .queued)
        #expect(queue.runningCalls == 2)
        #expect(queue.depth == 1)
    }

    @Test func fullQueueRefuses() {
        var queue = RequestQueue<Int>(capacity: 1, concurrency: 1)
        #expect(queue.arrive(1, deadline: nil) == .start)
        #expect(queue.arrive(2, deadline: nil) == .queued)
        #expect(queue.arrive(3, deadline: nil) == .full)
        #expect(queue.depth == 1)
    }

    @Test func queueOfNoCapacityOnlyStartsOrRefuses() {
        var queue = RequestQueue<Int>(capacity: 0, concurrency: 1)
        #expect(queue.arrive(1, deadline: nil) == .start)
        #expect(queue.arrive(2, deadline: nil) == .full)
        let (next, expired) = queue.callEnded(now: time(1))
        #expect(next == nil && expired.isEmpty)
        #expect(queue.arrive(3, deadline: nil) == .start)
    }

    @Test func waitingRequestsStartInOrder() {
        var queue = RequestQueue<Int>(capacity: 8, concurrency: 1)
        for number in 1...4 { _ = queue.arrive(number, deadline: nil) }
        var started: [Int] = []
        for _ in 0..<3 { if let next = queue.callEnded(now: time(1)).next { started.append(next) } }
        #expect(started == [2, 3, 4])
        #expect(queue.callEnded(now: time(1)).next == nil)
        #expect(queue.runningCalls == 0)
    }

    @Test func expiredRequestNeverReachesPlugin() {
        var queue = RequestQueue<Int>(capacity: 8, concurrency: 1)
        _ = queue.arrive(1, deadline: nil)
        _ = queue.arrive(2, deadline: time(10))
        _ = queue.arrive(3, deadline: time(20))
        _ = queue.arrive(4, deadline: time(10))
        let (next, expired) = queue.callEnded(now: time(10))
        #expect(next == 3)
        #expect(expired == [2])
        let (last, late) = queue.callEnded(now: time(15))
        #expect(last == nil)
        #expect(late == [4])
    }

    @Test func newRequestDoesNotOvertakeWaitingOnes() {
        var queue = RequestQueue<Int>(capacity: 8, concurrency: 2)
        for number in 1...3 { _ = queue.arrive(number, deadline: nil) }
        #expect(queue.callEnded(now: time(1)).next == 3)
        #expect(queue.callEnded(now: time(1)).next == nil)
        #expect(queue.arrive(4, deadline: nil) == .start)
    }

    @Test func removingAllLeavesNothingWaiting() {
        var queue = RequestQueue<Int>(capacity: 8, concurrency: 1)
        for number in 1...4 { _ = queue.arrive(number, deadline: nil) }
        #expect(queue.removeAll() == [2, 3, 4])
        #expect(queue.depth == 0)
        #expect(queue.callEnded(now: time(1)).next == nil)
    }

    /// Against a model made of plain arrays: nothing lost, nothing started twice, bounds held.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func randomTrafficIsNeitherLostNorDoubled(seed: UInt64) {
        var random = SplitMix(state: seed)
        let concurrency = Int(random.next() % 4) + 1
        let capacity = Int(random.next() % 20)
        var queue = RequestQueue<Int>(capacity: capacity, concurrency: concurrency)
        var waiting: [(number: Int, deadline: UInt64)] = []
        var running = 0
        var now: UInt64 = 1
        for number in 0..<20_000 {
            now += random.next() % 5
            if random.next() % 2 == 0 || running == 0 {
                let deadline = now + random.next() % 60
                let admission = queue.arrive(number, deadline: time(deadline))
                if running < concurrency && waiting.isEmpty {
                    #expect(admission == .start)
                    running += 1
                } else if waiting.count < capacity {
                    #expect(admission == .queued)
                    waiting.append((number, deadline))
                } else {
                    #expect(admission == .full)
                }
            } else {
                running -= 1
                var expired: [Int] = []
                while let first = waiting.first, first.deadline <= now {
                    expired.append(first.number)
                    waiting.removeFirst()
                }
                let expected = waiting.isEmpty ? nil : waiting.removeFirst().number
                if expected != nil { running += 1 }
                let outcome = queue.callEnded(now: time(now))
                #expect(outcome.next == expected)
                #expect(outcome.expired == expired)
            }
            #expect(queue.depth == waiting.count)
            #expect(queue.runningCalls == running)
        }
    }
}

/// A small seeded generator (SplitMix64), so that a failing run can be repeated.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
