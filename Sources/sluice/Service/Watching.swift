internal import Configuration
internal import Foundation
internal import Gateway
internal import Logging
internal import NIOConcurrencyHelpers

/// The file as the gateway last read it, and the watch that has it read again, where the file asks for one.
final class Watching: Sendable {
    private struct Locked: Sendable {
        /// The hash of what was read last, good or bad.
        var hash: String
        var settings = ReloadConfiguration()
        var watch: FileWatch?
        var isOver = false
    }

    private let path: String
    private let logger: Logger
    private let locked: NIOLockedValueBox<Locked>

    init(_ file: ConfigurationFile, logger: Logger) {
        self.path = file.shownPath
        self.logger = logger
        self.locked = NIOLockedValueBox(Locked(hash: file.hash))
    }

    /// Reads and checks the file.
    func read(_ path: String) throws(ReloadFailure) -> Gatekeeper.Candidate {
        let file = try ConfigurationFile.readForReload(path)
        locked.withLockedValue { $0.hash = file.hash }
        return try file.candidate()
    }

    /// Watches as a revision that now serves says.
    func change(to settings: ReloadConfiguration, _ keeper: Gatekeeper) {
        let isSame = locked.withLockedValue { locked in
            defer { locked.settings = settings }
            return locked.settings == settings
        }
        if isSame { return }
        var watch: FileWatch?
        if settings.watches {
            do throws(FileWatch.Failure) {
                watch = try FileWatch(path, rest: settings.settle) { [weak self] in self?.settled(keeper) }
            } catch {
                logger.error("can't watch the file", metadata: ["path": "\(path)", "reason": "\(error.description)"])
            }
        }
        let old = locked.withLockedValue { [watch] locked -> FileWatch? in
            if locked.isOver { return watch }
            defer { locked.watch = watch }
            return locked.watch
        }
        old?.stop()
    }

    /// Something in the folder has changed and come to rest: the file is read again if its text is another one.
    private func settled(_ keeper: Gatekeeper) {
        // While it is gone somebody is about to put a new one in its place.
        guard let file = try? ConfigurationFile.read(path), file.hash != locked.withLockedValue({ $0.hash }) else {
            return
        }
        keeper.reload(cause: "file watch")
    }

    /// No more reloads by themselves.
    func stop() {
        let watch = locked.withLockedValue { locked in
            locked.isOver = true
            defer { locked.watch = nil }
            return locked.watch
        }
        watch?.stop()
    }
}
