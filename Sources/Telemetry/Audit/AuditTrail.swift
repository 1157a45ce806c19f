internal import NIOConcurrencyHelpers

/// The audit log that serves, over all revisions; none where the file asks for none.
package final class AuditTrail: Sendable {
    /// A log that is open, and what makes it the one that serves.
    package struct Prepared: Sendable {
        package var commit: @Sendable () -> Void
        /// It doesn't come to that.
        package var cancel: @Sendable () -> Void = {}
    }

    private let current = NIOLockedValueBox<AuditLog?>(nil)
    private let observer: AuditLog.Observer
    private let unixMilliseconds: @Sendable () -> Int64

    package init(
        observer: AuditLog.Observer = AuditLog.Observer(), unixMilliseconds: @escaping @Sendable () -> Int64
    ) {
        self.observer = observer
        self.unixMilliseconds = unixMilliseconds
    }

    /// `nil` where nothing is written down.
    package var log: AuditLog? { current.withLockedValue { $0 } }

    /// Opens the log that a revision wants; the one that is open where it is the same.
    ///
    /// A file is opened by one log at a time: one that goes on under other terms changes hands at the commit.
    /// - Throws: where the file can't be had.
    package func prepare(_ settings: AuditSettings?) throws(AuditFailure) -> Prepared {
        let old = log
        guard settings != old?.settings else { return Prepared(commit: {}) }
        if let settings, settings.path != old?.settings.path {
            let new = try AuditLog(settings, observer: observer, unixMilliseconds: unixMilliseconds)
            return Prepared(commit: { self.become(new) }, cancel: { new.close() })
        }
        return Prepared(commit: { self.renew(settings) })
    }

    private func become(_ new: AuditLog?) {
        let old = current.withLockedValue { current in
            defer { current = new }
            return current
        }
        old?.close(reason: "the configuration names another one, or none")
    }

    private func renew(_ settings: AuditSettings?) {
        become(nil)
        guard let settings else { return }
        do throws(AuditFailure) {
            let new = try AuditLog(settings, observer: observer, unixMilliseconds: unixMilliseconds)
            current.withLockedValue { $0 = new }
        } catch {
            observer.failed(error)
        }
    }

    /// Takes a record, where anything is written down. Never waits.
    package func append(_ record: @autoclosure () -> AuditRecord) { log?.append(record()) }

    /// Takes an event of which there may be many alike.
    package func appendRepeated(_ record: @autoclosure () -> AuditRecord, key: @autoclosure () -> String) {
        log?.appendRepeated(record(), key: key())
    }

    /// The end: writes what is left.
    package func close(reason: String) {
        let log = current.withLockedValue { current in
            defer { current = nil }
            return current
        }
        log?.close(reason: reason)
    }
}
