internal import CSandbox
internal import Glibc
internal import SharedMemory

/// A runner's process, or a template's: started, watched, killed, and buried.
///
/// Used by its keeper's thread alone.
final class RunnerProcess {
    /// How a process ended.
    enum End: Sendable, Equatable {
        case exited(status: Int32)
        case killed(signal: Int32)
    }

    let id: Int32
    /// Readable once the process has ended.
    let descriptor: Int32
    /// What it is told and says while it starts and ends.
    var socket: SocketChannel
    /// What it writes to its standard output and error.
    let output: Int32

    private init(id: Int32, descriptor: Int32, socket: Int32, output: Int32) {
        self.id = id
        self.descriptor = descriptor
        self.socket = SocketChannel(descriptor: socket)
        self.output = output
    }

    deinit {
        close(descriptor)
        close(socket.descriptor)
        close(output)
    }

    /// Starts a process that has the other end of a socket to us, and a pipe to us for all that it writes.
    ///
    /// - Parameter start: is given both of the process's ends, and says its id, or -1 with the reason in errno.
    static func start(
        _ what: String, socket kind: __socket_type, _ start: (_ socket: Int32, _ output: Int32) -> Int32
    ) throws(PluginLoadError) -> RunnerProcess {
        var sockets: [Int32] = [-1, -1]
        var pipes: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(kind.rawValue | SOCK_CLOEXEC.rawValue), 0, &sockets) == 0 else {
            throw failure("make a socket")
        }
        guard process_pipe(&pipes) == 0 else {
            let error = failure("make a pipe")
            for descriptor in sockets { close(descriptor) }
            throw error
        }
        let id = start(sockets[1], pipes[1])
        let descriptor = id > 0 ? process_descriptor(id) : -1
        let reason = errno
        close(sockets[1])
        close(pipes[1])
        guard descriptor >= 0 else {
            if id > 0 {
                Glibc.kill(id, SIGKILL)
                var status: Int32 = 0
                waitpid(id, &status, 0)
            }
            close(sockets[0])
            close(pipes[0])
            throw PluginLoadError(.loadFailed, "can't start \(what): \(String(cString: strerror(reason)))")
        }
        _ = fcntl(pipes[0], F_SETFL, fcntl(pipes[0], F_GETFL) | O_NONBLOCK)
        return RunnerProcess(id: id, descriptor: descriptor, socket: sockets[0], output: pipes[0])
    }

    private static func failure(_ what: String) -> PluginLoadError {
        PluginLoadError(.loadFailed, "can't \(what) for a runner: \(String(cString: strerror(errno)))")
    }

    var hasEnded: Bool {
        var descriptor = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) > 0
    }

    /// What its session's threads together get of a processor beside others, as `nice` has it; kernels without such
    /// groups (autogroup) leave it as it is.
    func give(niceness: Int32) {
        let file = open("/proc/\(id)/autogroup", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        let text = "\(niceness)"
        _ = write(file, text, text.utf8.count)
        close(file)
    }

    /// Ends it, and whatever it has started, at once.
    func kill() {
        // Its session is its own, so the group is as well; the process itself may not have got that far yet.
        Glibc.kill(-id, SIGKILL)
        Glibc.kill(id, SIGKILL)
    }

    /// Waits for the end, which must be near.
    func bury() -> End {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        // Whatever it started dies with it.
        Glibc.kill(-id, SIGKILL)
        let signal = status & 0x7F
        return signal == 0 ? .exited(status: (status >> 8) & 0xFF) : .killed(signal: signal)
    }

    /// Bytes of memory that are its own or that it has touched of what is shared.
    var residentByteCount: Int? {
        guard let file = fopen("/proc/\(id)/statm", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
