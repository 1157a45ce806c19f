internal import Dispatch
internal import NIOConcurrencyHelpers

/// What was done to a gateway and by whom, in a file in which nothing can be changed or left out unnoticed.
///
/// Whoever has something to say leaves it here and goes on; a thread of its own seals and writes it. Where the file can't
/// be written, records wait, up to a bound, and writing is tried again; those beyond it are counted, and the count gets a
/// record.
package final class AuditLog: Sendable {
    /// What becomes of records, for those who count it.
    package struct Observer: Sendable {
        package var written: @Sendable (Int) -> Void
        package var dropped: @Sendable () -> Void
        package var failed: @Sendable (AuditFailure) -> Void

        package init(
            written: @escaping @Sendable (Int) -> Void = { _ in }, dropped: @escaping @Sendable () -> Void = {},
            failed: @escaping @Sendable (AuditFailure) -> Void = { _ in }
        ) {
            self.written = written
            self.dropped = dropped
            self.failed = failed
        }
    }

    /// Where the log stands: what nobody can take back who only has the file.
    package struct Head: Sendable, Equatable {
        package var sequence: Int
        package var hash: String
    }

    private struct Waiting: Sendable {
        var records: [(record: AuditRecord, unixMilliseconds: Int64)] = []
        var dropped = 0
        var isScheduled = false
        var digest = AuditDigest()
        var isDigestScheduled = false
    }

    /// Touched on `queue` only.
    private final class Output: @unchecked Sendable {
        let file: AuditFile
        var isClosed = false
        /// Sealed, and not yet written.
        var lines: [UInt8] = []
        var count = 0

        init(_ file: AuditFile) {
            self.file = file
        }
    }

    /// Records that wait at most.
    package static let capacity = 10_000
    private static let retry = DispatchTimeInterval.seconds(1)

    package let settings: AuditSettings
    private let observer: Observer
    private let now: @Sendable () -> Int64
    private let waiting = NIOLockedValueBox(Waiting())
    private let standing: NIOLockedValueBox<Head>
    private let output: Output
    private let queue = DispatchQueue(label: "sluice.audit")

    /// Opens the file and writes what it found there.
    ///
    /// - Parameter unixMilliseconds: the present moment; tests give their own.
    /// - Throws: where the file can't be had.
    package init(
        _ settings: AuditSettings, observer: Observer = Observer(), unixMilliseconds: @escaping @Sendable () -> Int64
    ) throws(AuditFailure) {
        self.settings = settings
        self.observer = observer
        now = unixMilliseconds
        let file = try AuditFile(settings)
        let opening = file.opening
        standing = NIOLockedValueBox(Head(sequence: file.chain.sequence, hash: file.chain.head))
        output = Output(file)
        append(opening)
        queue.sync { write() }
    }

    /// The files of a log, those that were put aside first.
    package static func files(of path: String) -> [String] { AuditFile.putAside(of: path).map(\.path) + [path] }

    /// The last record that is sealed.
    package var head: Head { standing.withLockedValue { $0 } }

    /// Takes a record. Never waits.
    package func append(_ record: AuditRecord) {
        let mustSchedule = waiting.withLockedValue { waiting -> Bool in
            guard waiting.records.count < Self.capacity else {
                waiting.dropped += 1
                observer.dropped()
                return false
            }
            waiting.records.append((record, now()))
            defer { waiting.isScheduled = true }
            return !waiting.isScheduled
        }
        if mustSchedule { queue.async { self.write() } }
    }

    /// Takes an event of which there may be many alike: the first gets a record, those of the next ten seconds one
    /// together.
    ///
    /// - Parameter key: what makes two events alike.
    package func appendRepeated(_ record: AuditRecord, key: String) {
        let (isFirst, mustSchedule) = waiting.withLockedValue { waiting -> (Bool, Bool) in
            let isFirst = waiting.digest.note(record, key: "\(record.event) \(key)", now: now() / 1_000)
            defer { waiting.isDigestScheduled = true }
            return (isFirst, !waiting.isDigestScheduled)
        }
        if isFirst { append(record) }
        if mustSchedule { scheduleDigest() }
    }

    private func scheduleDigest() {
        queue.asyncAfter(deadline: .now() + .seconds(Int(AuditDigest.window))) {
            self.digest(isEnd: false)
            let isOver = self.waiting.withLockedValue { waiting in
                waiting.isDigestScheduled = !waiting.digest.isEmpty
                return waiting.digest.isEmpty
            }
            if !isOver { self.scheduleDigest() }
        }
    }

    private func digest(isEnd: Bool) {
        let summaries = waiting.withLockedValue { $0.digest.due(now: now() / 1_000, isEnd: isEnd) }
        for summary in summaries { append(summary.record.with("more", summary.count)) }
    }

    /// Writes out all that was appended before; for the end, and for tests.
    package func flush() {
        queue.sync { write() }
    }

    /// Writes what is left and lets the file go, which another log may open then.
    ///
    /// - Parameter reason: what the last record says of why; `nil` for none.
    package func close(reason: String? = nil) {
        digest(isEnd: true)
        if let reason { append(AuditRecord("closed").with("reason", reason)) }
        flush()
        queue.sync {
            output.isClosed = true
            output.file.close()
        }
    }

    /// On `queue` only.
    private func write() {
        if output.isClosed { return }
        let (records, dropped) = waiting.withLockedValue { waiting in
            defer {
                waiting.records = []
                waiting.dropped = 0
                waiting.isScheduled = false
            }
            return (waiting.records, waiting.dropped)
        }
        for (record, moment) in records { seal(record, at: moment) }
        if dropped > 0 { seal(AuditRecord("dropped").with("count", dropped), at: now()) }
        do throws(AuditFailure) {
            try writeLines()
            if output.file.isFull {
                let removed = try output.file.putAside()
                seal(AuditRecord("continued").with("removed", removed), at: now())
                try writeLines()
            }
        } catch {
            observer.failed(error)
            waiting.withLockedValue { $0.isScheduled = true }
            queue.asyncAfter(deadline: .now() + Self.retry) { self.write() }
        }
        standing.withLockedValue { $0 = Head(sequence: output.file.chain.sequence, hash: output.file.chain.head) }
    }

    private func seal(_ record: AuditRecord, at moment: Int64) {
        output.lines += output.file.chain.seal(record, unixMilliseconds: moment)
        output.count += 1
    }

    private func writeLines() throws(AuditFailure) {
        guard !output.lines.isEmpty else { return }
        try output.file.write(output.lines)
        observer.written(output.count)
        output.lines = []
        output.count = 0
    }
}
