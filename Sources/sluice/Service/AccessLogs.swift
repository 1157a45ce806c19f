internal import Configuration
internal import Gateway
internal import Glibc
internal import NIOConcurrencyHelpers
internal import Telemetry

/// The access log that serves, over all revisions.
final class AccessLogs: Sendable {
    /// A log that is open, and what makes it the one that serves.
    struct Prepared: Sendable {
        var accessLog: AccessLog?
        var commit: @Sendable () -> Void
    }

    private struct Open: Sendable {
        var output: ObservabilityConfiguration.Output
        var accessLog: AccessLog
        /// The file that is open, to notice when a log rotation has moved it away.
        var file: FileNumber?
    }

    private struct FileNumber: Sendable, Equatable {
        var device: UInt64
        var inode: UInt64

        init?(_ path: String) {
            var facts = stat()
            guard stat(path, &facts) == 0 else { return nil }
            device = UInt64(facts.st_dev)
            inode = UInt64(facts.st_ino)
        }
    }

    private let metrics: GatewayMetrics
    private let open = NIOLockedValueBox<Open?>(nil)

    init(metrics: GatewayMetrics) {
        self.metrics = metrics
    }

    /// The log for an output: the one that is open where that is the same, else a new one.
    func prepare(_ output: ObservabilityConfiguration.Output) throws(ReloadFailure) -> Prepared {
        let current = open.withLockedValue { $0 }
        let target: LogOutput
        var path: String?
        switch output {
        case .none: return Prepared(accessLog: nil) { self.become(nil) }
        case .stdout: target = .standardOutput
        case .stderr: target = .standardError
        case .file(let name):
            path = name
            if let current, current.output == output, let number = FileNumber(name), number == current.file {
                return Prepared(accessLog: current.accessLog) {}
            }
            do {
                target = try .file(name)
            } catch {
                throw ReloadFailure(.listeners, "can't open the access log \(name): \(error)")
            }
        }
        if path == nil, let current, current.output == output {
            return Prepared(accessLog: current.accessLog) {}
        }
        let log = AccessLog(output: target, dropped: metrics.accessLogDropped)
        let next = Open(output: output, accessLog: log, file: path.flatMap { FileNumber($0) })
        return Prepared(accessLog: log) { self.become(next) }
    }

    private func become(_ next: Open?) {
        let old = open.withLockedValue { open in
            defer { open = next }
            return open
        }
        // Requests of the old revision may still add lines: they are written out by themselves a moment later.
        old?.accessLog.flush()
    }

    /// Writes out what is left.
    func flush() {
        open.withLockedValue { $0 }?.accessLog.flush()
    }
}
