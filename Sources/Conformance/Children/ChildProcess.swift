internal import Foundation
internal import Glibc

/// A process of the kit's own in which a plugin runs, and what it says.
///
/// Its standard output and standard error go to files without names, so that a plugin's writing is seen and nothing blocks.
struct ChildProcess {
    /// How it ended.
    enum End: Equatable {
        case exited(Int32)
        case signalled(Int32)

        init(status: Int32) {
            let signal = status & 0x7F
            self = signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
        }

        var text: String {
            switch self {
            case .exited(let code): "the plugin ended the process with exit code \(code)"
            case .signalled(let signal): "the process was ended by \(Self.name(of: signal))"
            }
        }

        private static func name(of signal: Int32) -> String {
            let names = [
                SIGSEGV: "SIGSEGV", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGILL: "SIGILL", SIGFPE: "SIGFPE",
                SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGPIPE: "SIGPIPE", SIGTRAP: "SIGTRAP", SIGSYS: "SIGSYS",
            ]
            return names[signal] ?? "signal \(signal)"
        }
    }

    private let pid: pid_t
    private let report: Int32
    private let progress: Int32
    private let errors: Int32
    private var buffer: [UInt8] = []

    /// Starts this very program with other arguments.
    init(program: String, arguments: [String]) throws(ChildFailure) {
        var pipe: [Int32] = [-1, -1]
        guard Glibc.pipe(&pipe) == 0 else { throw ChildFailure("pipe") }
        _ = fcntl(pipe[0], F_SETFD, FD_CLOEXEC)
        // Numbers above those that the child uses, so that no dup2 overwrites another's source.
        let files = [pipe[1]] + (0..<3).map { _ in Self.temporaryFile() }
        let high = files.map { fcntl($0, F_DUPFD_CLOEXEC, 64) }
        for file in files { close(file) }
        guard high.allSatisfy({ $0 >= 0 }) else { throw ChildFailure("no temporary files") }
        report = pipe[0]
        (progress, errors) = (high[1], high[3])

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, high[2], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, high[3], STDERR_FILENO)
        posix_spawn_file_actions_adddup2(&actions, high[0], ExamEvent.descriptor)
        posix_spawn_file_actions_adddup2(&actions, high[1], ExamEvent.progressDescriptor)
        var variables = ProcessInfo.processInfo.environment
        // A crash must be reported at once, and by the kit.
        variables["SWIFT_BACKTRACE"] = "enable=no"
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var started = pid_t()
        let status = posix_spawn(&started, program, &actions, nil, &argv, &envp)
        close(high[0])
        close(high[2])
        guard status == 0 else { throw ChildFailure("posix_spawn: \(String(cString: strerror(status)))") }
        pid = started
    }

    /// A file without a name.
    private static func temporaryFile() -> Int32 {
        var template = Array((FileManager.default.temporaryDirectory.path + "/sluice-check-XXXXXX").utf8CString)
        let file = mkstemp(&template)
        if file >= 0 { unlink(template) }
        return file
    }

    /// The next thing it says; `nil` at its end, or when nothing came until `deadline`.
    mutating func next(until deadline: Date) -> (event: ExamEvent?, isLate: Bool) {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = Data(buffer[..<end])
                buffer.removeSubrange(...end)
                if let event = try? JSONDecoder().decode(ExamEvent.self, from: line) { return (event, false) }
                continue
            }
            let left = deadline.timeIntervalSinceNow
            guard left > 0 else { return (nil, true) }
            var watched = pollfd(fd: report, events: Int16(POLLIN), revents: 0)
            let ready = poll(&watched, 1, Int32(min(left * 1000 + 1, 3_600_000)))
            if ready <= 0 { continue }
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            let count = read(report, &bytes, bytes.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return (nil, false) }
            buffer.append(contentsOf: bytes[..<count])
        }
    }

    /// What it was doing last.
    var step: String { Progress.read(progress) }

    /// The last of what it, or the C library for it, wrote to the standard error.
    var lastWords: String {
        let size = lseek(errors, 0, SEEK_END)
        guard size > 0 else { return "" }
        let most = 2000
        var bytes = [UInt8](repeating: 0, count: most)
        let count = pread(errors, &bytes, most, max(0, size - off_t(most)))
        let lines = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: "\n")
        return lines.suffix(3).map { String($0.prefix(200)) }.joined(separator: "\n")
    }

    func kill() { Glibc.kill(pid, SIGKILL) }

    /// Waits for its end, until the deadline; `nil` where it had to be killed.
    func wait(until deadline: Date) -> End? {
        var status: Int32 = 0
        while true {
            let ended = waitpid(pid, &status, WNOHANG)
            if ended == pid { return End(status: status) }
            if ended < 0 && errno != EINTR { return .exited(0) }
            if Date() >= deadline {
                kill()
                waitpid(pid, &status, 0)
                return nil
            }
            usleep(2000)
        }
    }

    func closeFiles() {
        for file in [report, progress, errors] { close(file) }
    }
}

/// A process that couldn't be started.
package struct ChildFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ what: String) {
        description = "the kit can't start a process for the plugin: \(what)"
    }
}
