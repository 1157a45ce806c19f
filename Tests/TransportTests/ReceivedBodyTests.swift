import Codecs
import NIOCore
import Synchronization
import Tensors
import Testing

@testable import Transport

struct ReceivedBodyTests {
    private func bytes(_ body: inout ReceivedBody) -> [UInt8] {
        let taken = body.take()
        return Array(taken.storage.bytes[taken.range])
    }

    private func piece(_ range: Range<Int>) -> ByteBuffer {
        ByteBuffer(bytes: range.map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test(arguments: [nil, 300] as [Int?], [[300], [100, 200], [1, 1, 298], [299, 1]])
    func piecesComeTogether(expected: Int?, sizes: [Int]) {
        let budget = BodyBudget(limit: 1 << 20)
        var body = ReceivedBody(expected: expected, limit: 300, budget: budget)
        var start = 0
        for size in sizes {
            #expect(body.append(piece(start..<(start + size))) == .ok)
            start += size
        }
        #expect(body.count == 300)
        #expect(bytes(&body) == (0..<300).map { UInt8(truncatingIfNeeded: $0) })
        body.release()
        #expect(budget.reserve(1 << 20))
    }

    @Test func tensorsBehindAHeaderLieAligned() {
        for header in [0, 1, 63, 64, 100] {
            var body = ReceivedBody(
                expected: 400, limit: 400, tensorsAt: header, budget: BodyBudget(limit: 1 << 20))
            #expect(body.append(piece(0..<10)) == .ok)
            #expect(body.append(piece(10..<400)) == .ok)
            let taken = body.take()
            let address = UInt(bitPattern: taken.storage.base + taken.range.lowerBound + header)
            #expect(address % UInt(TensorStorage.alignment) == 0)
            #expect(Array(taken.storage.bytes[taken.range]) == (0..<400).map { UInt8(truncatingIfNeeded: $0) })
        }
    }

    @Test func bodyComesInWhereTheModelSeesIt() {
        let memory = CountingMemory(blocks: 1)
        for isThere in [true, false] {
            var body = ReceivedBody(expected: 400, limit: 400, tensorsAt: 10, budget: BodyBudget(limit: 1 << 20))
            body.memory = memory
            #expect(body.append(piece(0..<100)) == .ok)
            // Where there is no more of it, other memory does.
            #expect(memory.taken == (isThere ? 1 : 0))
            #expect(body.append(piece(100..<400)) == .ok)
            #expect(bytes(&body) == (0..<400).map { UInt8(truncatingIfNeeded: $0) })
            body.release()
            #expect(memory.taken == 0)
            memory.blocks.store(0, ordering: .relaxed)
        }
    }

    @Test func moreThanTheListenerTakesIsTooLarge() {
        var body = ReceivedBody(expected: nil, limit: 10, budget: BodyBudget(limit: 1 << 20))
        #expect(body.append(piece(0..<10)) == .ok)
        #expect(body.append(piece(0..<1)) == .tooLarge)
    }

    @Test func bodiesTogetherHaveABudget() {
        let budget = BodyBudget(limit: 1000)
        var first = ReceivedBody(expected: 600, limit: 1000, budget: budget)
        var second = ReceivedBody(expected: 600, limit: 1000, budget: budget)
        #expect(first.append(piece(0..<10)) == .ok)
        #expect(second.append(piece(0..<10)) == .noRoom)
        first.release()
        #expect(second.append(piece(0..<10)) == .ok)
        // What came in one piece needs no memory of its own.
        var third = ReceivedBody(expected: 900, limit: 1000, budget: budget)
        #expect(third.append(piece(0..<900)) == .ok)
    }
}

/// Memory that says how many of its blocks are in use, and has only so many.
private final class CountingMemory: TensorMemory {
    let blocks: Atomic<Int>
    private let inUse = Atomic<Int>(0)

    init(blocks: Int) {
        self.blocks = Atomic(blocks)
    }

    var taken: Int { inUse.load(ordering: .relaxed) }

    func take(atLeast byteCount: Int) -> (UnsafeMutableRawPointer, capacity: Int)? {
        guard taken < blocks.load(ordering: .relaxed) else { return nil }
        inUse.add(1, ordering: .relaxed)
        return (.allocate(byteCount: byteCount, alignment: 64), byteCount)
    }

    func alignsBlock(of byteCount: Int) -> Bool { true }

    func giveBack(_ block: UnsafeMutableRawPointer, capacity: Int) {
        inUse.subtract(1, ordering: .relaxed)
        block.deallocate()
    }
}
