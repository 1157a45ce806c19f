import Testing

@testable import Policies

@Suite struct FailureTableTests {
    private static let policy = FailureTable.Policy(failures: 3, within: 60, lasts: 300)

    @Test func theLastOfTooManyBeginsABanThatEnds() {
        var table = FailureTable(Self.policy)
        let begun = [0, 10, 59].map { table.failed(7, now: $0) }
        #expect(begun == [false, false, true])
        #expect(table.wait(of: 7, now: 59) == 300)
        #expect(table.wait(of: 7, now: 358) == 1)
        #expect(table.wait(of: 7, now: 359) == nil)
        #expect(table.wait(of: 8, now: 100) == nil)
        // Then it takes as many again.
        let again = [360, 361, 362].map { table.failed(7, now: $0) }
        #expect(again == [false, false, true])
    }

    @Test func failuresThatAreFarApartBanNobody() {
        var table = FailureTable(Self.policy)
        let begun = stride(from: Int64(0), to: 6_000, by: 31).map { table.failed(7, now: $0) }
        #expect(!begun.contains(true))
    }

    @Test func oneMayBeTooMany() {
        var table = FailureTable(FailureTable.Policy(failures: 1, within: 60, lasts: 5))
        let begun = table.failed(1, now: 0)
        #expect(begun)
        #expect(table.wait(of: 1, now: 4) == 1)
    }

    /// A hundred thousand addresses that fail once each cost no more memory than the table has, and set nobody free.
    @Test func floodsNeitherGrowItNorPushOutWhoIsBanned() {
        var table = FailureTable(Self.policy, sets: 64)
        for _ in 0..<3 { _ = table.failed(1, now: 0) }
        for key in UInt64(2)..<100_000 { _ = table.failed(key, now: 1) }
        #expect(table.count == 64 * 8)
        #expect(table.wait(of: 1, now: 1) == 299)
    }
}
