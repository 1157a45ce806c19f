internal import Dispatch
internal import NIOConcurrencyHelpers

/// One line of JSON for each answered request.
///
/// Requests append to a buffer and go on; one thread of its own writes it out. Where the output is too slow the buffer
/// fills up to its bound, and further lines are dropped and counted: a full disk or a stopped reader never holds up a
/// request.
package final class AccessLog: Sendable {
    /// The most bytes that wait to be written.
    package static let capacity = 8 << 20
    /// Lines wait this long for company before they are written.
    private static let delay = DispatchTimeInterval.milliseconds(100)

    private struct Buffer: Sendable {
        var bytes: [UInt8] = []
        /// Kept from the last write, for its memory.
        var spare: [UInt8] = []
        var lines = 0
        var timestamp = Timestamp()
        var isWriteScheduled = false
    }

    private let output: LogOutput
    private let capacity: Int
    private let dropped: Counter
    private let schedulesWrites: Bool
    private let buffer = NIOLockedValueBox(Buffer())
    private let queue = DispatchQueue(label: "sluice.access-log")

    /// - Parameters:
    ///   - dropped: counts lines that were lost.
    ///   - schedulesWrites: whether appended lines are written out by themselves, not just by `flush()`.
    package init(
        output: LogOutput, dropped: Counter, capacity: Int = AccessLog.capacity, schedulesWrites: Bool = true
    ) {
        self.output = output
        self.dropped = dropped
        self.capacity = capacity
        self.schedulesWrites = schedulesWrites
    }

    /// Takes one record. Never waits for the output.
    package func append(_ record: AccessRecord) {
        let mustSchedule = buffer.withLockedValue { buffer -> Bool in
            let start = buffer.bytes.count
            record.append(to: &buffer.bytes, timestamp: &buffer.timestamp)
            guard buffer.bytes.count <= capacity else {
                buffer.bytes.removeLast(buffer.bytes.count - start)
                dropped.increment()
                return false
            }
            buffer.lines += 1
            defer { buffer.isWriteScheduled = schedulesWrites }
            return schedulesWrites && !buffer.isWriteScheduled
        }
        if mustSchedule { queue.asyncAfter(deadline: .now() + Self.delay) { self.write() } }
    }

    /// Writes out all that was appended before, and returns when that is done; for shutdown.
    package func flush() {
        queue.sync { write() }
    }

    /// Runs on `queue` only, so that lines stay in order.
    private func write() {
        var (bytes, lines) = buffer.withLockedValue { buffer -> ([UInt8], Int) in
            let taken = (buffer.bytes, buffer.lines)
            (buffer.bytes, buffer.spare) = (buffer.spare, [])
            buffer.lines = 0
            buffer.isWriteScheduled = false
            return taken
        }
        if lines > 0 {
            do { try output.write(bytes) } catch { dropped.increment(by: lines) }
        }
        lines = 0
        bytes.removeAll(keepingCapacity: true)
        buffer.withLockedValue { [bytes] in $0.spare = bytes }
    }
}
