internal import Foundation
internal import Glibc
internal import LoadGenerator

/// A bar on the standard error while a run goes on; none where that is no terminal.
struct ProgressBar: Sendable {
    enum Length: Sendable {
        case seconds(Double)
        case requests(Int)
    }

    private let length: Length
    private static let width = 30
    private static let pause = Duration.milliseconds(200)

    init?(length: Length) {
        guard isatty(STDERR_FILENO) != 0 else { return nil }
        self.length = length
    }

    /// Draws until the task is cancelled.
    func follow(_ run: LoadRun) async {
        let clock = ContinuousClock()
        let start = clock.now
        var last = (seconds: 0.0, answered: 0)
        while (try? await Task.sleep(for: Self.pause)) != nil {
            let elapsed = (clock.now - start) / .seconds(1)
            let progress = run.progress
            let rate = Double(progress.answered - last.answered) / max(elapsed - last.seconds, 0.001)
            last = (elapsed, progress.answered)
            Self.write("\r" + line(elapsed: elapsed, progress: progress, rate: max(0, rate)) + "\u{1B}[K")
        }
    }

    func clear() { Self.write("\r\u{1B}[K") }

    private func line(elapsed: Double, progress: LoadProgress, rate: Double) -> String {
        let share =
            switch length {
            case .seconds(let seconds): elapsed / max(seconds, 0.001)
            case .requests(let count): Double(progress.answered + progress.failed) / Double(count)
            }
        let filled = Int(Double(Self.width) * min(max(share, 0), 1))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        let failed = progress.failed > 0 ? ", \(progress.failed) failed" : ""
        return "\(bar) \(Int(elapsed)) s, \(progress.answered) answers, \(Int(rate)) a second\(failed)"
    }

    private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
