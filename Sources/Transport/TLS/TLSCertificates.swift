package import Configuration
internal import Dispatch
internal import Glibc
package import Logging
internal import NIOConcurrencyHelpers
internal import NIOSSL
internal import Tensors

/// The certificates of one listener. Files that change are read again, and connections from then on get what is in them;
/// those that are open stay as they are.
package final class TLSCertificates: Sendable {
    private struct Locked {
        var context: NIOSSLContext
        var stamps: [FileStamp]
        var lookedAt: MonotonicTime
        var isReading = false
        var readings = 1
    }

    /// How often the files are looked at, at most; only a new connection makes the gate look.
    private static let pause: UInt64 = 1_000_000_000

    private let files: ListenerTLS
    private let listener: String
    private let logger: Logger
    private let locked: NIOLockedValueBox<Locked>

    /// Reads the files.
    ///
    /// - Throws: what is wrong with which of them.
    package init(_ files: ListenerTLS, listener: String, logger: Logger) throws(ListenerTLS.Fault) {
        self.files = files
        self.listener = listener
        self.logger = logger
        let stamps = FileStamp.all(of: files)
        locked = NIOLockedValueBox(
            Locked(context: try TLSFiles.context(for: files), stamps: stamps, lookedAt: .now))
    }

    /// How often the files were taken.
    var readings: Int { locked.withLockedValue { $0.readings } }

    /// The handler for one new connection.
    func makeHandler() -> NIOSSLServerHandler {
        let (context, shouldLook) = locked.withLockedValue { locked in
            let now = MonotonicTime.now
            let isDue = !locked.isReading && now.nanoseconds(since: locked.lookedAt) >= Self.pause
            if isDue {
                locked.isReading = true
                locked.lookedAt = now
            }
            return (locked.context, isDue)
        }
        // Files are never waited for on an event loop.
        if shouldLook { DispatchQueue.global().async { self.readAgainIfChanged() } }
        return NIOSSLServerHandler(context: context)
    }

    /// Takes changed files, if they are good; else the certificates stay as they are.
    func readAgainIfChanged() {
        let stamps = FileStamp.all(of: files)
        guard stamps != locked.withLockedValue({ $0.stamps }) else {
            locked.withLockedValue { $0.isReading = false }
            return
        }
        do throws(ListenerTLS.Fault) {
            let context = try TLSFiles.context(for: files)
            locked.withLockedValue { locked in
                locked.context = context
                locked.readings += 1
                locked.stamps = stamps
                locked.isReading = false
            }
            logger.info("certificates read again", metadata: ["listener": "\(listener)"])
        } catch {
            // Said once for each state of the files, not at every connection.
            locked.withLockedValue { locked in
                locked.stamps = stamps
                locked.isReading = false
            }
            logger.error(
                "changed certificates can't be used; the old ones stay",
                metadata: ["listener": "\(listener)", "reason": "\(error.file) \(error.message)"])
        }
    }
}

/// What tells that a file has changed.
private struct FileStamp: Equatable {
    var device: UInt64 = 0
    var inode: UInt64 = 0
    var size: Int64 = 0
    var seconds: Int = 0
    var nanoseconds: Int = 0

    init(_ path: String) {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return }
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
        size = Int64(facts.st_size)
        seconds = facts.st_mtim.tv_sec
        nanoseconds = facts.st_mtim.tv_nsec
    }

    static func all(of files: ListenerTLS) -> [FileStamp] {
        [files.certificate, files.key, files.clientCA].compactMap { $0 }.map(FileStamp.init)
    }
}
