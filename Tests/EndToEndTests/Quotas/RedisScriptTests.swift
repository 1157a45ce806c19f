import Configuration
import Foundation
import Tensors
import Testing

@testable import Policies
@testable import Stores

/// What the script on a real server makes of questions, held to the arithmetic of every other quota.
@Suite(.serialized) struct RedisScriptTests {
    /// Sends a question through `EVAL`, at a moment of the test's own.
    private func ask(
        _ server: RedisServer, _ question: QuotaLease.Question, _ policy: QuotaPolicy, clock: UInt64?
    ) throws -> QuotaLease.Answer {
        let (key, arguments) = RedisScript.arguments(
            question, about: policy, key: "k", prefix: "test", clock: clock)
        let connection = try RawConnection(port: server.port)
        let words = ["EVAL", RedisScript.text, "1", key] + arguments
        connection.send("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined())
        var numbers: [RESPValue] = []
        while numbers.count < 4 {
            guard try connection.fill() else { throw RawConnection.Failure(description: "Redis hung up") }
            let lines = String(decoding: connection.received, as: UTF8.self).components(separatedBy: "\r\n")
            if lines[0].hasPrefix("-") { throw RawConnection.Failure(description: lines[0]) }
            numbers = lines.dropFirst().dropLast().compactMap { Int64($0.dropFirst()).map { .integer($0) } }
        }
        return try #require(RedisScript.answer(.array(numbers)))
    }

    private static func question(
        _ least: UInt64, most: UInt64? = nil, debit: UInt64 = 0, outage: UInt64 = 0, giveBack: UInt64 = 0,
        windowEnd: UInt64 = 0
    ) -> QuotaLease.Question {
        .init(
            least: least, most: most ?? least, debit: debit, outage: outage, giveBack: giveBack, windowEnd: windowEnd)
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func rollingWindowsAreThoseOfEveryOtherQuota(seed: UInt64) throws {
        let server = try RedisServer()
        var generator = SeededGenerator(seed: seed)
        let max = Int.random(in: 1...40, using: &generator)
        // Whole milliseconds, so that a unit's price in microseconds and the exact fraction agree on who is let in.
        let period = UInt64.random(in: 1...500, using: &generator) * 1_000_000 * UInt64(max)
        let burst = Int.random(in: 1...20, using: &generator)
        let policy = QuotaPolicy(name: "x", max: max, periodNanoseconds: period, burst: burst)
        let start: UInt64 = 1_795_665_600_000_000
        func moment(_ microseconds: UInt64) -> QuotaMoment {
            QuotaMoment(
                monotonic: .init(nanoseconds: microseconds * 1_000), wall: (start + microseconds) * 1_000)
        }
        var counter = QuotaCounter(policy, now: moment(0))
        var time: UInt64 = 0
        for step in 0..<120 {
            time += UInt64.random(in: 0...(period / UInt64(max) / 400), using: &generator)
            let now = moment(time)
            let least = UInt64.random(in: 0...3, using: &generator)
            let most = least == 0 ? 0 : least + UInt64.random(in: 0...3, using: &generator)
            let debit = step % 7 == 0 ? UInt64.random(in: 0...4, using: &generator) : 0
            let back = step % 5 == 0 ? UInt64.random(in: 0...2, using: &generator) : 0
            let answer = try ask(
                server, Self.question(least, most: most, debit: debit, giveBack: back), policy, clock: start + time)
            counter.charge(debit, now: now)
            counter.giveBack(back, from: now, now: now)
            let free = counter.remaining(now: now)
            let granted = least == 0 || free < least ? 0 : min(free, most)
            let wait = granted == 0 && least > 0 ? counter.wait(for: least, now: now) : 0
            counter.charge(granted, now: now)
            #expect(answer.granted == granted, "step \(step)")
            #expect(answer.remaining == counter.remaining(now: now), "step \(step)")
            if least <= UInt64(burst) {
                #expect(answer.wait >= wait && answer.wait <= wait + 2_000, "step \(step): \(answer.wait), \(wait)")
            }
            let full = counter.nanosecondsUntilFull(now: now)
            #expect(answer.untilFull + 2_000 >= full && answer.untilFull <= full + 2_000, "step \(step)")
        }
    }

    @Test func calendarWindowsCountUpAndEnd() throws {
        let server = try RedisServer()
        let policy = QuotaPolicy(
            name: "x", max: 10, window: .calendar(CalendarPeriod(.month, zone: "UTC")))
        let end = UInt64(Date().timeIntervalSince1970) * 1_000_000_000 + 3_600_000_000_000
        func ask(_ question: QuotaLease.Question) throws -> QuotaLease.Answer {
            try self.ask(server, question, policy, clock: nil)
        }
        #expect(try ask(Self.question(4, windowEnd: end)).remaining == 6)
        #expect(try ask(Self.question(4, most: 9, windowEnd: end)).granted == 6)
        #expect(try ask(Self.question(1, windowEnd: end)).granted == 0)
        #expect(try ask(Self.question(0, giveBack: 3, windowEnd: end)).remaining == 3)
        // What was let through meanwhile counts in full.
        #expect(try ask(Self.question(1, debit: 1, outage: 9, windowEnd: end)).granted == 0)
        // The next window is another key, and each goes with its window.
        #expect(try ask(Self.question(10, windowEnd: end + 86_400_000_000_000)).granted == 10)
        let left = try server.command("PTTL", "test:quota:k@\(end / 1_000_000_000)")
        let milliseconds = try #require(Int(left.dropFirst()))
        #expect((3_600_000...3_661_000).contains(milliseconds))
    }

    @Test func whatWasLetThroughEmptiesARollingWindowAndNoMore() throws {
        let server = try RedisServer()
        let policy = QuotaPolicy(name: "x", max: 10, periodNanoseconds: 10_000_000_000, burst: 10)
        let now: UInt64 = 1_795_665_600_000_000
        let answer = try ask(server, Self.question(1, outage: 500), policy, clock: now)
        #expect(answer.granted == 0)
        #expect(answer.untilFull == 10_000_000_000)
        #expect(answer.wait == 1_000_000_000)
        // A debt stays one, though.
        _ = try ask(server, Self.question(0, debit: 5), policy, clock: now)
        #expect(try ask(server, Self.question(0, outage: 5), policy, clock: now).untilFull == 15_000_000_000)
    }

    @Test func costsCountInThousandths() throws {
        let server = try RedisServer()
        let policy = QuotaPolicy(
            name: "x", count: .cost, max: 60, window: .rolling(periodNanoseconds: 60_000_000_000, burst: 2))
        let now: UInt64 = 1_795_665_600_000_000
        #expect(try ask(server, Self.question(1_500), policy, clock: now).remaining == 500)
        #expect(try ask(server, Self.question(501), policy, clock: now).wait == 1_000_000)
        #expect(try ask(server, Self.question(501), policy, clock: now + 1_000).granted == 501)
    }
}
