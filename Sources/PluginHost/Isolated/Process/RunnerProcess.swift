internal import CSandbox
internal import Glibc
internal import SharedMemory

/// A runner's process: started, watched, killed, and buried.
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
    /// What it says while it starts and ends.
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

    /// Starts a runner with the memory that it shares with us, and the namespaces of its network, where there are such.
    static func start(
        program: String, environment: [String], inputs: SharedRegion, host: SharedRegion, runner: SharedRegion,
        namespaces: [Int32] = []
    ) throws(PluginLoadError) -> RunnerProcess {
        var sockets: [Int32] = [-1, -1]
        var pipes: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &sockets) == 0 else {
            throw failure("make a socket")
        }
        guard process_pipe(&pipes) == 0 else {
            let error = failure("make a pipe")
            for descriptor in sockets { close(descriptor) }
            throw error
        }
        let id = inputs.withDescriptor { inputs in
            host.withDescriptor { host in
                runner.withDescriptor { runner in
                    var strings: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) }
                    strings.append(nil)
                    defer { for string in strings { free(string) } }
                    let handed = [sockets[1], inputs, host, runner] + namespaces
                    return process_start(program, strings, pipes[1], handed, Int32(handed.count))
                }
            }
        }
        let reason = errno
        close(sockets[1])
        close(pipes[1])
        let descriptor = id > 0 ? process_descriptor(id) : -1
        guard descriptor >= 0 else {
            if id > 0 {
                Glibc.kill(id, SIGKILL)
                var status: Int32 = 0
                waitpid(id, &status, 0)
            }
            close(sockets[0])
            close(pipes[0])
            throw PluginLoadError(
                .loadFailed, "can't start \(program): \(String(cString: strerror(id > 0 ? errno : reason)))")
        }
        for own in [sockets[0], pipes[0]] { _ = fcntl(own, F_SETFL, fcntl(own, F_GETFL) | O_NONBLOCK) }
        return RunnerProcess(id: id, descriptor: descriptor, socket: sockets[0], output: pipes[0])
    }

    private static func failure(_ what: String) -> PluginLoadError {
        PluginLoadError(.loadFailed, "can't \(what) for a runner: \(String(cString: strerror(errno)))")
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
