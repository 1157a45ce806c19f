import Foundation
import NIOConcurrencyHelpers

/// Steady requests on some connections of their own, until told to stop. Every answer is judged.
final class Load: Sendable {
    struct Outcome: Sendable {
        var answers = 0
        /// What was wrong, at most a few of them.
        var failures: [String] = []
        var failureCount = 0
        /// When each answer came, and after how long, in nanoseconds.
        var times: [(at: UInt64, took: UInt64)] = []

        mutating func add(_ failure: String) {
            failureCount += 1
            if failures.count < 10 { failures.append(failure) }
        }

        /// The time below which that share of the answers took that came while `moments` holds.
        func percentile(_ share: Double, when moments: (UInt64) -> Bool = { _ in true }) -> UInt64? {
            let sorted = times.filter { moments($0.at) }.map(\.took).sorted()
            return sorted.isEmpty ? nil : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }
    }

    private let outcome = NIOLockedValueBox(Outcome())
    private let isStopped = NIOLockedValueBox(false)
    private let ended = DispatchGroup()

    /// - Parameter judge: what is wrong with an answer; `nil` where nothing is.
    init(
        port: Int, connections: Int, path: String, body: String, pause: useconds_t = 0,
        judge: @escaping @Sendable (Response) -> String?
    ) {
        let request = Array(
            ("POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
        for _ in 0..<connections {
            ended.enter()
            Thread { [self] in
                run(port: port, request: request, pause: pause, judge: judge)
                ended.leave()
            }.start()
        }
    }

    private func run(port: Int, request: [UInt8], pause: useconds_t, judge: (Response) -> String?) {
        do {
            // One connection for the whole run: a gateway that drops it fails the test.
            let connection = try RawConnection(port: port)
            while !isStopped.withLockedValue({ $0 }) {
                let start = DispatchTime.now().uptimeNanoseconds
                connection.send(request)
                let response = try connection.response()
                let end = DispatchTime.now().uptimeNanoseconds
                let failure = judge(response)
                outcome.withLockedValue { outcome in
                    outcome.answers += 1
                    outcome.times.append((end, end - start))
                    if let failure { outcome.add(failure) }
                }
                if pause > 0 { usleep(pause) }
            }
        } catch {
            outcome.withLockedValue { $0.add("\(error)") }
        }
    }

    /// Answers so far.
    var answers: Int { outcome.withLockedValue { $0.answers } }

    /// Waits until so many more answers have come.
    func waitForAnswers(_ more: Int) {
        let goal = answers + more
        let deadline = Date().addingTimeInterval(30)
        while answers < goal, Date() < deadline { usleep(500) }
    }

    func stop() -> Outcome {
        isStopped.withLockedValue { $0 = true }
        ended.wait()
        return outcome.withLockedValue { $0 }
    }
}
