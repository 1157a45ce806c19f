internal import CSandbox
internal import Glibc
internal import SharedMemory
internal import Tensors

/// The program of `sluice-runner`: one model of one plugin, for the gateway that started it.
///
/// The process that the gateway starts is a template: it makes copies of itself, which are the runners. A runner starts in
/// the order that keeps a plugin from doing harm: memory and orders first, then the sandbox, and only then the plugin's
/// file.
package enum RunnerProgram {
    package static func run() -> Never {
        if CommandLine.arguments.dropFirst() == [PROCESS_ALONE] {
            // It was started by another name.
            process_name_thread("sluice-runner")
            beRunner()
        }
        var kind: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(ChannelLayout.socket, SOL_SOCKET, SO_TYPE, &kind, &length) == 0 else {
            complain("sluice-runner is started by sluice, not by hand")
        }
        guard kind == Int32(SOCK_SEQPACKET.rawValue) else {
            complain("this sluice-runner belongs to another version of sluice than the one that started it")
        }
        RunnerRehearsal.run()
        // Each runner is a copy, and so are its turns: all that a runner does may be interrupted by the gateway.
        Turn.long.take()
        process_be_template(ChannelLayout.socket) { RunnerProgram.beRunner() }
    }

    /// Never returns: the process ends with the gateway's order, with the gateway, or by the plugin's fault.
    private static func beRunner() -> Never {
        signal(SIGPIPE, SIG_IGN)
        var socket = SocketChannel(descriptor: ChannelLayout.socket)
        let order: LoadOrder
        do {
            // The gateway may have gone already.
            guard case .message(let message) = socket.receive() else { _exit(1) }
            var reader = MessageReader(message)
            order = try LoadOrder(reading: &reader)
        } catch {
            report(.failed(PluginLoadError(.loadFailed, "\(error)")), to: socket)
            _exit(1)
        }
        // The gateway may have died before this process asked to die with it.
        guard Sandbox.dieWithParent(order.gatewayProcess) else { _exit(1) }
        let regions: Regions
        do {
            regions = try Regions()
        } catch {
            report(.failed(PluginLoadError(.loadFailed, "\(error)")), to: socket)
            _exit(1)
        }
        // The gateway has put it behind itself while it starts, and gives it its full share again where requests wait for it.
        let group = Sandbox.schedulingGroup()
        if !order.isAwaited { Sandbox.yieldToGateway(group) }
        let refused = Sandbox.enter(order.sandbox, pluginPath: order.pluginPath, network: order.network)
        report(.sandboxed(refused: refused), to: socket)
        serve(order, regions, socket, schedulingGroup: group)
    }

    /// The memory that the gateway handed over.
    struct Regions {
        let inputs: SharedRegion
        let host: SharedRegion
        let runner: SharedRegion

        init(inputs: SharedRegion, host: SharedRegion, runner: SharedRegion) {
            self.inputs = inputs
            self.host = host
            self.runner = runner
        }

        init() throws(SharedRegion.Failure) {
            inputs = try .open(descriptor: ChannelLayout.inputs, side: .reader)
            host = try .open(descriptor: ChannelLayout.host, side: .reader)
            runner = try .open(descriptor: ChannelLayout.runner, side: .writer)
            guard host.byteCount == ChannelLayout.hostByteCount, runner.byteCount == ChannelLayout.runnerByteCount
            else { throw SharedRegion.Failure(description: "shared memory of unknown layout") }
        }
    }

    private static func serve(
        _ order: LoadOrder, _ regions: Regions, _ socket: SocketChannel, schedulingGroup: Int32
    ) -> Never {
        var socket = socket
        let service = RunnerService(regions, logLevel: order.logLevel)
        do {
            let library = try PluginLibrary.open(
                path: order.pluginPath, sha256: order.sha256, services: service.services)
            let model = try InProcessModel(
                library, arguments: order.arguments, services: service.services, outputs: service.sender.arena,
                state: order.state.map { place in
                    .slice(
                        of: UnsafeRawBufferPointer(start: regions.inputs.base + place.lowerBound, count: place.count),
                        keptAliveBy: regions.inputs)
                })
            report(.described(model.description), to: socket)
            while true {
                guard case .message(let bytes) = socket.receive(), let command = bytes.first.flatMap(RunnerCommand.init)
                else {
                    // The gateway is gone.
                    _exit(0)
                }
                switch command {
                case .warmUp:
                    try model.warmUp()
                    if order.isAwaited { Sandbox.yieldToGateway(schedulingGroup) }
                    service.start(model)
                    report(.ready, to: socket)
                case .end:
                    // What the gateway still has of the outputs stays mapped there.
                    if model.isIdle { model.unload() }
                    _exit(0)
                }
            }
        } catch {
            report(.failed(error), to: socket)
            _exit(1)
        }
    }

    private static func report(_ report: RunnerReport, to socket: SocketChannel) {
        var writer = MessageWriter()
        report.write(to: &writer)
        if !socket.send(writer) { _exit(0) }
    }

    private static func complain(_ text: String) -> Never {
        let line = text + "\n"
        _ = line.utf8.withContiguousStorageIfAvailable { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        _exit(64)
    }
}
