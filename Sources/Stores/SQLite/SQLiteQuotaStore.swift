internal import Dispatch
internal import Foundation
package import Logging
internal import NIOConcurrencyHelpers
package import Policies
internal import Tensors

/// Counts in a file: what changed is written down by one thread, all of it in one transaction, a moment later.
///
/// Requests never wait for the file. What a killed process had counted is there for the next one, but for the last
/// moments: at most `flush`.
package final class SQLiteQuotaStore: QuotaKeeper {
    private struct Locked {
        var changed: [QuotaBucket] = []
        /// Numbers to be written, `nil` to be removed.
        var numbers: [String: UInt64?] = [:]
        var saved: [String: QuotaCounter.Saved] = [:]
        var flush: Duration
        /// How counts are encrypted, where that is another way from now on.
        var next: Sealing?
        var isEnding = false
    }

    private struct Sealing {
        var keys: SealingKeys?
    }

    /// So many rows, in the log of which each may take a page of 4 KiB, are moved into the file when nobody changes
    /// anything, and so many in any case.
    private static let muchToTidy = 1_000
    private static let mostToTidy = 20_000

    private let path: String
    private let locked: NIOLockedValueBox<Locked>
    /// One signal for the first change after each flush, and one for the end.
    private let changes = DispatchSemaphore(value: 0)
    private let ending = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let observer: StoreObserver
    private let logger: Logger

    /// Opens the file and reads what earlier processes have counted.
    ///
    /// - Parameter sealing: what counts are encrypted with; `nil` for nothing.
    package init(
        path: String, flush: Duration, sealing: SealingKeys? = nil, observer: StoreObserver, logger: Logger
    ) throws(StoreFailure) {
        self.path = path
        self.observer = observer
        self.logger = logger
        var rows: [SQLiteDatabase.Row] = []
        let database = try SQLiteDatabase.open(path, sealing: sealing, rows: &rows)
        let now = WallClock.nanosecondsSince1970
        try database.write([], removing: rows.filter { $0.until <= now }.map(\.key))
        var saved: [String: QuotaCounter.Saved] = [:]
        for row in rows where row.until > now {
            saved[row.key] = QuotaCounter.Saved(until: row.until, used: row.used)
        }
        locked = NIOLockedValueBox(Locked(saved: saved, flush: flush))
        observer.isUp(true)
        let handover = DatabaseHandover(database)
        let thread = Thread { [self] in
            write(handover.take())
            ended.signal()
        }
        thread.name = "sluice-quotas"
        thread.start()
    }

    package func saved(_ key: String) -> QuotaCounter.Saved? { locked.withLockedValue { $0.saved[key] } }

    package func changed(_ bucket: QuotaBucket) {
        let isFirst = locked.withLockedValue { locked in
            locked.changed.append(bucket)
            return locked.changed.count == 1
        }
        if isFirst { changes.signal() }
    }

    // MARK: Numbers that aren't counts

    /// A number that is no count holds until it is taken back; the end of all times that SQLite knows.
    private static let forever = UInt64(Int64.max)

    /// What `keep` was given last under that key, by this process or an earlier one.
    package func number(_ key: String) -> UInt64? {
        locked.withLockedValue { locked in
            if let waiting = locked.numbers[key] { return waiting }
            guard let saved = locked.saved[key], saved.until == Self.forever else { return nil }
            return saved.used
        }
    }

    /// Keys that begin with `prefix` and have a number.
    package func keys(beginningWith prefix: String) -> [String] {
        locked.withLockedValue { locked in
            let saved = locked.saved.filter { $0.value.until == Self.forever && locked.numbers[$0.key] == nil }.keys
            let waiting = locked.numbers.filter { $0.value != nil }.keys
            return (Array(saved) + waiting).filter { $0.hasPrefix(prefix) }
        }
    }

    /// Writes a number down a moment later, as counts are; `nil` takes it back.
    package func keep(_ number: UInt64?, under key: String) {
        locked.withLockedValue { $0.numbers[key] = .some(number) }
        changes.signal()
    }

    /// How long a count may be in memory alone from now on.
    package func setFlush(_ flush: Duration) { locked.withLockedValue { $0.flush = flush } }

    /// Encrypts counts in another way from now on, those that are written down already included.
    package func seal(with keys: SealingKeys?) {
        let isFirst = locked.withLockedValue { locked in
            locked.next = Sealing(keys: keys)
            return locked.changed.isEmpty
        }
        if isFirst { changes.signal() }
    }

    /// Writes down what is left and closes the file; returns once that is done.
    package func close() {
        let isFirst = locked.withLockedValue { locked in
            defer { locked.isEnding = true }
            return !locked.isEnding
        }
        guard isFirst else { return }
        ending.signal()
        changes.signal()
        ended.wait()
    }

    // MARK: The thread

    private func write(_ opened: consuming SQLiteDatabase) {
        var database = opened
        var lastFailure = MonotonicTime(nanoseconds: 0)
        var untidy = 0
        while true {
            let isQuiet = changes.wait(timeout: .now() + .seconds(untidy > Self.muchToTidy ? 2 : 3_600)) == .timedOut
            if isQuiet || untidy > Self.mostToTidy {
                // Where that fails, writing will, and says so.
                try? database.tidy()
                untidy = 0
                if isQuiet { continue }
            }
            let flush = locked.withLockedValue { $0.flush }
            // Half of the time is for others to change what will be written, half for writing.
            _ = ending.wait(timeout: .now() + .nanoseconds(Int(flush / .nanoseconds(2))))
            let (buckets, numbers, next, saved, isEnding) = locked.withLockedValue { locked in
                defer {
                    locked.changed = []
                    locked.next = nil
                }
                return (
                    locked.changed, locked.numbers, locked.next, locked.next == nil ? [:] : locked.saved,
                    locked.isEnding
                )
            }
            do throws(StoreFailure) {
                if let next {
                    try database.become(
                        next.keys,
                        rows: saved.map { SQLiteDatabase.Row(key: $0.key, until: $0.value.until, used: $0.value.used) })
                }
                try write(buckets, numbers, database)
                untidy += 2 + buckets.count + numbers.count
            } catch {
                observer.failed()
                observer.isUp(false)
                // The disk may be full for a while: nobody wants to read that twenty times a second.
                if lastFailure.nanoseconds == 0 || MonotonicTime.now.nanoseconds(since: lastFailure) > 60_000_000_000 {
                    lastFailure = .now
                    logger.error(
                        "counts not written", metadata: ["store": "\(path)", "reason": "\(error.description)"])
                }
                if !isEnding {
                    _ = ending.wait(timeout: .now() + .milliseconds(100))
                    for bucket in buckets { changed(bucket) }
                    if let next { locked.withLockedValue { $0.next = $0.next ?? next } }
                    if next != nil || !numbers.isEmpty { changes.signal() }
                }
            }
            if isEnding { return }
        }
    }

    private func write(
        _ buckets: [QuotaBucket], _ numbers: [String: UInt64?], _ database: borrowing SQLiteDatabase
    ) throws(StoreFailure) {
        guard !buckets.isEmpty || !numbers.isEmpty else { return }
        let start = MonotonicTime.now
        let now = QuotaMoment.now
        var rows: [SQLiteDatabase.Row] = []
        var ended: [String] = []
        for bucket in buckets {
            if let saved = bucket.takeSaved(now: now) {
                rows.append(SQLiteDatabase.Row(key: bucket.key, until: saved.until, used: saved.used))
            } else {
                ended.append(bucket.key)
            }
        }
        for (key, number) in numbers {
            if let number {
                rows.append(SQLiteDatabase.Row(key: key, until: Self.forever, used: number))
            } else {
                ended.append(key)
            }
        }
        try database.write(rows, removing: ended)
        locked.withLockedValue { locked in
            for row in rows { locked.saved[row.key] = QuotaCounter.Saved(until: row.until, used: row.used) }
            for key in ended { locked.saved[key] = nil }
            // Until it is written a number waits, and where it has changed since, longer.
            for (key, number) in numbers where locked.numbers[key] == .some(number) { locked.numbers[key] = nil }
        }
        observer.isUp(true)
        observer.answered(MonotonicTime.now.nanoseconds(since: start))
    }
}

/// Carries the open file to the one thread that uses it.
///
/// Invariant behind `@unchecked Sendable`: `take` is called once, by that thread.
private final class DatabaseHandover: @unchecked Sendable {
    private var database: SQLiteDatabase?

    init(_ database: consuming SQLiteDatabase) {
        self.database = consume database
    }

    func take() -> SQLiteDatabase {
        guard let database = database.take() else { preconditionFailure("the file is handed over once") }
        return database
    }
}
