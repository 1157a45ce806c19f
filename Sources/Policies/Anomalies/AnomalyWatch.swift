package import Configuration
internal import NIOConcurrencyHelpers

/// Holds what listeners and consumers do against what they usually do, window by window, over all revisions of the file that
/// mean the same by it.
package final class AnomalyWatch: Sendable {
    /// Who is watched.
    package struct Subject: Sendable, Hashable {
        package enum Kind: String, Sendable {
            case listener
            case consumer
        }

        package var kind: Kind
        package var name: String

        package init(_ kind: Kind, _ name: String) {
            self.kind = kind
            self.name = name
        }
    }

    /// Something begins to be unusual, or ends.
    package struct Finding: Sendable, Equatable {
        package var subject: Subject
        package var signal: AnomalyConfiguration.Signal
        package var begins: Bool
        /// Unusual requests of the window, and all of them.
        package var count = 0
        package var requests = 0
        /// The usual share, in hundredths of a percent; of sizes what 99 of 100 bodies are below, in bytes.
        package var usual = 0
    }

    /// What is counted, for one revision.
    package struct Tallies: Sendable {
        /// By the names of listeners.
        package let listeners: [String: RequestTally]
        /// By the names of consumers.
        package let consumers: [String: RequestTally]
    }

    /// Consumers that are watched; the first ones of the file where there are more.
    package static let mostConsumers = 10_000

    private struct Watched: Sendable {
        let tally: RequestTally
        var rejects = RateAnomaly()
        var authFailures = RateAnomaly()
        var sizes = SizeAnomaly()

        func isRaised(_ signal: AnomalyConfiguration.Signal) -> Bool {
            switch signal {
            case .rejects: rejects.flag.isRaised
            case .authFailures: authFailures.flag.isRaised
            case .payloadSize: sizes.flag.isRaised
            }
        }
    }

    package let configuration: AnomalyConfiguration
    private let observe: @Sendable (Finding) -> Void
    private let watched = NIOLockedValueBox<[Subject: Watched]>([:])

    /// - Parameter observe: told of what begins and ends, on whatever thread closes windows.
    package init(_ configuration: AnomalyConfiguration, observe: @escaping @Sendable (Finding) -> Void) {
        self.configuration = configuration
        self.observe = observe
    }

    /// Counters for these listeners and consumers; those that are watched already keep theirs.
    package func tallies(listeners: [String], consumers: [String]) -> Tallies {
        let known = watched.withLockedValue { $0.mapValues(\.tally) }
        func tallies(_ kind: Subject.Kind, _ names: some Sequence<String>) -> [String: RequestTally] {
            Dictionary(
                names.map { ($0, known[Subject(kind, $0)] ?? RequestTally()) }, uniquingKeysWith: { first, _ in first })
        }
        return Tallies(
            listeners: tallies(.listener, listeners),
            consumers: tallies(.consumer, consumers.prefix(Self.mostConsumers)))
    }

    /// A revision serves: its listeners and consumers are watched from now on, and no others.
    package func follow(_ tallies: Tallies) {
        let gone = watched.withLockedValue { watched -> [Finding] in
            var next: [Subject: Watched] = [:]
            for (kind, tallies) in [(Subject.Kind.listener, tallies.listeners), (.consumer, tallies.consumers)] {
                for (name, tally) in tallies {
                    let subject = Subject(kind, name)
                    next[subject] = watched[subject] ?? Watched(tally: tally)
                }
            }
            defer { watched = next }
            return raised(watched.filter { next[$0.key] == nil })
        }
        gone.forEach(observe)
    }

    /// Nobody is watched any more: all that is unusual ends.
    package func stop() { follow(Tallies(listeners: [:], consumers: [:])) }

    /// A window is over.
    package func closeWindow() {
        let findings = watched.withLockedValue { watched -> [Finding] in
            var findings: [Finding] = []
            for subject in watched.keys { findings += close(subject, &watched) }
            return findings
        }
        findings.sorted { ($0.subject.name, $0.signal.rawValue) < ($1.subject.name, $1.signal.rawValue) }
            .forEach(observe)
    }

    private func close(_ subject: Subject, _ watched: inout [Subject: Watched]) -> [Finding] {
        guard var one = watched[subject] else { return [] }
        let window = one.tally.take()
        var findings: [Finding] = []
        for signal in AnomalyConfiguration.Signal.allCases where configuration.signals.contains(signal) {
            let finding =
                switch signal {
                case .rejects: rate(&one.rejects, window.rejects, of: window.requests)
                case .authFailures: rate(&one.authFailures, window.authFailures, of: window.requests)
                case .payloadSize: size(&one.sizes, window.sizes)
                }
            guard let finding else { continue }
            findings.append(
                Finding(
                    subject: subject, signal: signal, begins: finding.change == .begins, count: finding.count,
                    requests: window.requests, usual: finding.usual))
        }
        watched[subject] = one
        return findings
    }

    private typealias Change = (change: AnomalyFlag.Change, count: Int, usual: Int)

    private func rate(_ anomaly: inout RateAnomaly, _ count: Int, of total: Int) -> Change? {
        let usual = Int(anomaly.usual * Double(CanaryConfiguration.whole))
        let change = anomaly.close(
            count: count, of: total, factor: configuration.factor, least: configuration.least)
        return change.map { ($0, count, usual) }
    }

    private func size(_ anomaly: inout SizeAnomaly, _ sizes: [Int]) -> Change? {
        let (usual, count) = (anomaly.usualBytes ?? 0, anomaly.unusual(sizes, factor: configuration.factor))
        let change = anomaly.close(sizes, factor: configuration.factor, least: configuration.least)
        return change.map { ($0, count, usual) }
    }

    /// The ends of all that is unusual there.
    private func raised(_ watched: [Subject: Watched]) -> [Finding] {
        watched.flatMap { subject, one in
            AnomalyConfiguration.Signal.allCases.filter(one.isRaised).map {
                Finding(subject: subject, signal: $0, begins: false)
            }
        }
    }
}
