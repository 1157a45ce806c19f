internal import Foundation
internal import Gateway
internal import Glibc
internal import NIOConcurrencyHelpers
internal import Tensors

/// Tells when a file has changed and come to rest, by inotify.
///
/// The folder is watched, not the file: editors and deployments put a new file in the place of the old one. Where the
/// file is reached through symbolic links, as a mounted ConfigMap is, the folders of the links are watched too.
final class FileWatch: Sendable {
    /// The system can't watch the file.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE)

    private let path: String
    private let descriptor: Int32
    /// A pipe that is written to once, to end the thread.
    private let end: (reading: Int32, writing: Int32)
    private let rest: UInt64
    private let settled: @Sendable () -> Void

    /// - Parameters:
    ///   - rest: how long the file must have been left alone.
    ///   - settled: called on the watch's thread.
    init(_ path: String, rest: Duration, settled: @escaping @Sendable () -> Void) throws(Failure) {
        self.path = path
        self.rest = UInt64(rest / .nanoseconds(1))
        self.settled = settled
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw Failure(description: String(cString: strerror(errno))) }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            close(descriptor)
            throw Failure(description: String(cString: strerror(errno)))
        }
        for descriptor in ends { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        end = (ends[0], ends[1])
        do throws(Failure) {
            try watchFolders()
        } catch {
            closeAll()
            throw error
        }
        let thread = Thread { [self] in run() }
        thread.name = "sluice-watch"
        thread.start()
    }

    /// Ends the watch; `settled` may be running a last time.
    func stop() {
        var one: UInt8 = 1
        _ = write(end.writing, &one, 1)
    }

    private func closeAll() {
        for descriptor in [descriptor, end.reading, end.writing] { close(descriptor) }
    }

    /// Watches the folders of the file and of what it links to. Watching one twice is watching it once.
    private func watchFolders() throws(Failure) {
        var file = URL(fileURLWithPath: path).standardizedFileURL
        for _ in 0..<8 {
            let folder = file.deletingLastPathComponent()
            guard inotify_add_watch(descriptor, folder.path, Self.events) >= 0 else {
                throw Failure(description: "\(folder.path): \(String(cString: strerror(errno)))")
            }
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: file.path) else { return }
            file = URL(fileURLWithPath: target, relativeTo: folder).standardizedFileURL
        }
    }

    private func run() {
        defer { closeAll() }
        var settling = Settling(rest: rest)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var polled = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: end.reading, events: Int16(POLLIN), revents: 0),
            ]
            let wait = settling.due.map { Int32(clamping: $0.nanoseconds(since: .now) / 1_000_000 + 1) } ?? -1
            _ = poll(&polled, nfds_t(polled.count), wait)
            if polled[1].revents != 0 { return }
            if polled[0].revents != 0 {
                // Which file it was doesn't matter: what counts is what the file says afterwards.
                while read(descriptor, &buffer, buffer.count) > 0 {}
                settling.stirred(now: .now)
            }
            if settling.isSettled(now: .now) {
                // A link may point elsewhere now.
                try? watchFolders()
                settled()
            }
        }
    }
}
