import Codecs
import NIOCore
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
