import Configuration
import NIOConcurrencyHelpers
@testable import Policies
import Testing

@Suite struct AnomalyWatchTests {
    private final class Seen: Sendable {
        private let findings = NIOLockedValueBox<[AnomalyWatch.Finding]>([])
        func add(_ finding: AnomalyWatch.Finding) { findings.withLockedValue { $0.append(finding) } }
        func take() -> [String] {
            findings.withLockedValue { findings in
                defer { findings = [] }
                return findings.map {
                    "\($0.subject.kind) \($0.subject.name) \($0.signal.rawValue) \($0.begins ? "begins" : "ends")"
                }
            }
        }
    }

    private func watch(
        _ seen: Seen, signals: Set<AnomalyConfiguration.Signal> = Set(AnomalyConfiguration.Signal.allCases)
    )
        -> AnomalyWatch
    {
        AnomalyWatch(AnomalyConfiguration(signals: signals, least: 10)) { seen.add($0) }
    }

    private func note(_ tally: RequestTally?, _ statuses: [(Int, Int)], bytes: Int = 100) {
        for (status, count) in statuses {
            for _ in 0..<count { tally?.note(status: status, bytes: bytes) }
        }
    }

    @Test func everySubjectIsJudgedByItself() {
        let seen = Seen()
        let watch = watch(seen)
        let tallies = watch.tallies(listeners: ["public", "ops"], consumers: ["a", "b"])
        watch.follow(tallies)
        for _ in 0..<5 {
            for tally in [tallies.listeners["public"], tallies.consumers["a"], tallies.consumers["b"]] {
                note(tally, [(200, 100), (429, 1), (401, 1)])
            }
            watch.closeWindow()
        }
        #expect(seen.take() == [])
        note(tallies.listeners["public"], [(200, 100), (401, 30), (429, 2)])
        note(tallies.consumers["a"], [(200, 70), (403, 15), (404, 15)])
        note(tallies.consumers["b"], [(200, 100)], bytes: 1 << 20)
        watch.closeWindow()
        #expect(
            seen.take() == [
                "consumer a rejects begins", "consumer b payload_size begins", "listener public auth_failures begins",
            ])
        // A quiet time is a calm one.
        watch.closeWindow()
        #expect(seen.take() == [])
        watch.closeWindow()
        #expect(
            seen.take() == [
                "consumer a rejects ends", "consumer b payload_size ends", "listener public auth_failures ends",
            ])
    }

    @Test func onlyWhatIsAskedForIsWatched() {
        let seen = Seen()
        let watch = watch(seen, signals: [.authFailures])
        let tallies = watch.tallies(listeners: ["public"], consumers: [])
        watch.follow(tallies)
        for _ in 0..<5 {
            note(tallies.listeners["public"], [(200, 100)])
            watch.closeWindow()
        }
        note(tallies.listeners["public"], [(429, 100)])
        watch.closeWindow()
        #expect(seen.take() == [])
        note(tallies.listeners["public"], [(401, 100)])
        watch.closeWindow()
        #expect(seen.take() == ["listener public auth_failures begins"])
    }

    @Test func failuresOfTheGatewayAndClientsThatLeaveAreNoRejects() {
        let seen = Seen()
        let watch = watch(seen)
        let tallies = watch.tallies(listeners: ["public"], consumers: [])
        watch.follow(tallies)
        for _ in 0..<5 {
            note(tallies.listeners["public"], [(200, 100)])
            watch.closeWindow()
        }
        note(tallies.listeners["public"], [(499, 100), (500, 100), (503, 100)])
        watch.closeWindow()
        #expect(seen.take() == [])
    }

    @Test func aRevisionKeepsWhatIsKnownAndLetsGoOfWhoIsGone() {
        let seen = Seen()
        let watch = watch(seen)
        let tallies = watch.tallies(listeners: ["public"], consumers: ["a", "b"])
        watch.follow(tallies)
        for _ in 0..<5 {
            for name in ["a", "b"] { note(tallies.consumers[name], [(200, 100)]) }
            watch.closeWindow()
        }
        for name in ["a", "b"] { note(tallies.consumers[name], [(429, 100)]) }
        watch.closeWindow()
        #expect(seen.take() == ["consumer a rejects begins", "consumer b rejects begins"])
        let next = watch.tallies(listeners: ["public"], consumers: ["b", "c"])
        // It may still come to nothing.
        #expect(seen.take() == [])
        watch.follow(next)
        #expect(seen.take() == ["consumer a rejects ends"])
        #expect(next.consumers["b"] === tallies.consumers["b"])
        watch.stop()
        #expect(seen.take() == ["consumer b rejects ends"])
    }

    @Test func memoryIsBounded() {
        let watch = watch(Seen())
        let names = (0..<AnomalyWatch.mostConsumers + 100).map { "c\($0)" }
        #expect(watch.tallies(listeners: [], consumers: names).consumers.count == AnomalyWatch.mostConsumers)
    }

    @Test func nothingIsCountedTwiceOrLost() async {
        let tally = RequestTally()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for number in 0..<10_000 { tally.note(status: number % 2 == 0 ? 200 : 401, bytes: 1) } }
            }
        }
        var window = tally.take()
        #expect(window.requests == 40_000 && window.authFailures == 20_000 && window.sizes[0] == 40_000)
        window = tally.take()
        #expect(window == RequestTally.Window())
    }
}
