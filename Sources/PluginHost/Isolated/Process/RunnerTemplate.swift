internal import CSandbox
internal import Glibc
internal import SharedMemory

/// The process that a keeper's runners are copies of: `sluice-runner`, in memory and linked, before its first order.
///
/// To start the program takes three times as long as to copy it. Each keeper has a template of its own, so no two models'
/// runners are copies of the same; what else keeps them apart is in `runner_template.h`.
///
/// Used by its keeper's thread alone, whose end is its end.
final class RunnerTemplate {
    /// How long a runner may take to be there, in seconds.
    private static let patience = 10

    private let process: RunnerProcess
    /// Set once it is buried.
    private var end: RunnerProcess.End?

    /// Starts the program, with this as all of its environment.
    init(program: String, environment: [String]) throws(PluginLoadError) {
        process = try RunnerProcess.start(program, socket: SOCK_SEQPACKET) { socket, output in
            var strings: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) }
            strings.append(nil)
            defer { for string in strings { free(string) } }
            return process_start(program, strings, output, [socket], 1)
        }
        var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
        setsockopt(
            process.socket.descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        guard end == nil else { return }
        process.kill()
        _ = process.bury()
    }

    /// Readable once the process has ended.
    var descriptor: Int32 { process.descriptor }

    /// Whether it will make no more runners.
    var hasEnded: Bool { end != nil || process.hasEnded }

    /// A runner with the memory that it shares with us, and the namespaces of its network, where there are such. Where that
    /// fails, the template is of no use any more.
    func makeRunner(
        inputs: SharedRegion, host: SharedRegion, runner: SharedRegion, namespaces: [Int32] = []
    ) throws(PluginLoadError) -> RunnerProcess {
        let template = process.socket.descriptor
        do {
            let made = try RunnerProcess.start("a runner", socket: SOCK_STREAM) { socket, output in
                inputs.withDescriptor { inputs in
                    host.withDescriptor { host in
                        runner.withDescriptor { runner in
                            let handed = [socket, inputs, host, runner] + namespaces
                            return process_from_template(template, output, handed, Int32(handed.count))
                        }
                    }
                }
            }
            let socket = made.socket.descriptor
            _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
            return made
        } catch {
            throw PluginLoadError(error.kind, error.message + lastWords())
        }
    }

    /// Where the program ended instead, as one does that can't be linked: how, and what it said.
    private func lastWords() -> String {
        process.kill()
        let end = process.bury()
        self.end = end
        guard case .exited = end else { return "" }
        var chunk = [UInt8](repeating: 0, count: 4096)
        var tail = OutputTail()
        let count = read(process.output, &chunk, chunk.count)
        if count > 0 { _ = tail.append(chunk[..<count]) }
        tail.finish()
        return "; sluice-runner ended (\(end.text))" + (tail.lines.last.map { ": \($0)" } ?? "")
    }
}
