internal import Foundation
internal import Glibc
internal import Synchronization

/// How far a request has come, and a bar of it on the standard error where that is a terminal.
final class InferProgress: Sendable {
    /// A number that one task sets and another looks at.
    final class Count: Sendable {
        private let number = Atomic<Int>(0)
        var value: Int { number.load(ordering: .relaxed) }
        func set(_ value: Int) { number.store(value, ordering: .relaxed) }
    }

    /// Bytes that were sent.
    let sent = Count()
    /// Rows that were answered, and those with errors among them.
    let rows = Count()
    let failed = Count()

    private static let width = 30
    private static let pause = Duration.milliseconds(200)

    static var isShown: Bool { isatty(STDERR_FILENO) != 0 }

    /// Draws until the task is cancelled.
    ///
    /// - Parameter length: bytes to be sent; `nil` where that isn't known.
    func follow(length: Int?) async {
        let clock = ContinuousClock()
        let start = clock.now
        while (try? await Task.sleep(for: Self.pause)) != nil {
            let elapsed = (clock.now - start) / .seconds(1)
            Self.write("\r" + line(elapsed: elapsed, length: length) + "\u{1B}[K")
        }
        Self.write("\r\u{1B}[K")
    }

    private func line(elapsed: Double, length: Int?) -> String {
        var text = ""
        if let length, length > 0 {
            let share = min(1, Double(sent.value) / Double(length))
            let filled = Int(Double(Self.width) * share)
            text = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
            text += " \(Int(share * 100)) % sent, "
        }
        let rows = rows.value
        text += "\(rows) rows, \(Int(Double(rows) / max(elapsed, 0.001))) a second, \(Int(elapsed)) s"
        return failed.value > 0 ? text + ", \(failed.value) with errors" : text
    }

    private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
