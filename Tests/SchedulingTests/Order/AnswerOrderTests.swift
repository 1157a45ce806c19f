import Scheduling
import Testing

@Suite struct AnswerOrderTests {
    @Test func answersWaitForThoseBeforeThem() {
        var order = AnswerOrder<String>()
        let numbers = (0..<5).map { _ in order.arrive() }
        #expect(order.answered(numbers[2], "c").isEmpty)
        #expect(order.answered(numbers[1], "b").isEmpty)
        #expect(order.passes(numbers[3]).isEmpty)
        #expect(order.answered(numbers[0], "a") == ["a", "b", "c"])
        #expect(order.count == 1)
        #expect(order.answered(numbers[4], "e") == ["e"])
        #expect(order.answered(numbers[4], "again").isEmpty)
        #expect(order.passes(numbers[0]).isEmpty)
    }

    @Test func thousandsInAnyOrderComeOutInOrder() {
        var order = AnswerOrder<Int>()
        var random = SeededGenerator(seed: 7)
        var open: [(UInt64, Int)] = []
        var out: [Int] = []
        var gone: Set<Int> = []
        for number in 0..<5_000 {
            open.append((order.arrive(), number))
            while open.count > 20 || (number > 4_900 && !open.isEmpty) {
                let (place, value) = open.remove(at: random.pick(open.count))
                if random.happens(1, in: 5) {
                    gone.insert(value)
                    out += order.passes(place)
                } else {
                    out += order.answered(place, value)
                }
            }
        }
        #expect(out == (0..<5_000).filter { !gone.contains($0) })
        #expect(order.count == 0)
    }
}
