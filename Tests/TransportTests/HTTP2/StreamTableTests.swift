import Testing

@testable import Transport

struct StreamTableTests {
    @Test func streamsAreFoundWhicheverAreLeft() {
        var generator = SplitMix(state: 8)
        for _ in 0..<100 {
            var table = StreamTable<Int>()
            var expected: [Int: Int] = [:]
            var next = 1
            for _ in 0..<60 {
                if Bool.random(using: &generator) {
                    table.open(next, next * 10)
                    expected[next] = next * 10
                    next += 2 * Int.random(in: 1...3, using: &generator)
                } else if let id = expected.keys.sorted().randomElement(using: &generator) {
                    let removed = table.remove(id)
                    #expect(removed == expected.removeValue(forKey: id))
                }
                #expect(table.ids == expected.keys.sorted() && table.count == expected.count)
                for id in 0...next { #expect(table[id] == expected[id]) }
            }
        }
    }

    @Test func valuesChangeInPlace() throws {
        var table = StreamTable<Int>()
        for id in [1, 5, 9] { table.open(id, 0) }
        table[at: try #require(table.index(of: 5))] += 7
        #expect(table.values == [0, 7, 0])
    }
}
