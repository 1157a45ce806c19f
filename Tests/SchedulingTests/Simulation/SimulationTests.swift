import Foundation
import Testing

/// A million requests with faults, each watched: none is lost, none answered twice, and every bound holds.
///
/// Debug builds run a tenth of it; `SLUICE_SIMULATED_REQUESTS=1000000` runs all.
@Suite struct SimulationTests {
    private static let requests =
        ProcessInfo.processInfo.environment["SLUICE_SIMULATED_REQUESTS"].flatMap(Int.init) ?? 100_000
    private static let requestsPerRun = 2_000

    @Test func everyRequestHasOneFateAndEveryBoundHolds() {
        var tally = Simulation.Tally()
        for seed in 1...UInt64(max(1, Self.requests / Self.requestsPerRun)) {
            var simulation = Simulation(seed: seed)
            do {
                try simulation.run(requests: Self.requestsPerRun)
            } catch {
                Issue.record("seed \(seed), request \(simulation.numbers): \(error)\n\(simulation.policy)")
                return
            }
            tally = tally + simulation.tally
        }
        let fates =
            tally.refused + tally.started + tally.expired + tally.displaced + tally.broken + tally.cancelled
            + tally.leftAtEnd
        #expect(tally.arrived + tally.returned == fates, "\(tally)")
        // The run was worth it: each fate was met.
        for count in [
            tally.refused, tally.started, tally.expired, tally.displaced, tally.broken, tally.cancelled, tally.returned,
            tally.leftAtEnd, tally.joined,
        ] { #expect(count > 100, "\(tally)") }
        if ProcessInfo.processInfo.environment["SLUICE_SIMULATED_REQUESTS"] != nil { print(tally) }
    }
}
