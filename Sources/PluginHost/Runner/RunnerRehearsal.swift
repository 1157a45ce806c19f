internal import SharedMemory

/// What costs a process more the first time than ever after: the Swift runtime looks up types, libraries find out what the
/// processor can. A template does it before it makes its first runner, and so for all of them.
enum RunnerRehearsal {
    /// A file that is there, can be read by anybody, and is no plugin.
    private static let noPlugin = "/proc/self/comm"

    /// Reads an order and looks at a plugin's file, as each runner does. Starts no thread and keeps nothing open.
    static func run() {
        let order = LoadOrder(
            pluginPath: noPlugin, sha256: nil,
            arguments: InProcessModel.Arguments(
                model: "", version: "", folder: "", configJSON: "", options: [("", "")]),
            logLevel: .error, sandbox: SandboxPlan(level: .strict, readablePaths: [""]), gatewayProcess: 0, state: 0..<0
        )
        var writer = MessageWriter()
        order.write(to: &writer)
        var reader = MessageReader(writer.bytes)
        do {
            let order = try LoadOrder(reading: &reader)
            let paths = Sandbox.strictPaths(order.sandbox, pluginPath: order.pluginPath)
            Sandbox.withCStrings(paths) { _ in }
            let service = RunnerService(
                RunnerProgram.Regions(
                    inputs: try .create(name: "rehearsal", byteCount: ChannelLayout.hostByteCount, side: .reader),
                    host: try .create(name: "rehearsal", byteCount: ChannelLayout.hostByteCount, side: .reader),
                    runner: try .create(name: "rehearsal", byteCount: ChannelLayout.runnerByteCount, side: .writer)),
                logLevel: order.logLevel)
            _ = service.services
            _ = try PluginFile(path: order.pluginPath).load(isPinned: false)
        } catch {
            // It is no plugin.
        }
    }
}
