internal import SharedMemory
internal import Tensors

/// What a runner is told first: which plugin to open, which model to load, and in what it is locked up.
///
/// It goes through the socket, not through arguments or the environment, where other processes could read it.
struct LoadOrder: Sendable {
    /// Counts changes to the messages and to `ChannelLayout`.
    static let protocolVersion: UInt32 = 5

    var pluginPath: String
    var sha256: String?
    var arguments: InProcessModel.Arguments
    var logLevel: PluginServices.LogLevel
    var sandbox: SandboxPlan
    /// How it comes to a network with nothing in it, if it is to have no other.
    var network: NetworkWay
    /// The process to die with.
    var gatewayProcess: Int32
    /// Whether it goes behind the gateway only once it is ready: requests wait for it.
    var isAwaited: Bool
    /// Where in the inputs' memory the state lies that the model goes on from, where there is one.
    var state: Range<Int>?

    func write(to writer: inout MessageWriter) {
        writer.write(Self.protocolVersion)
        writer.write(pluginPath)
        writer.write(sha256) { $0.write($1) }
        writer.write(arguments.model)
        writer.write(arguments.version)
        writer.write(arguments.folder)
        writer.write(arguments.configJSON)
        writer.write(arguments.options) { writer, option in
            writer.write(option.key)
            writer.write(option.value)
        }
        writer.write(arguments.function.rawValue)
        writer.write(logLevel.rawValue)
        sandbox.write(to: &writer)
        writer.write(network.rawValue)
        writer.write(gatewayProcess)
        writer.write(isAwaited)
        writer.write(state) { writer, state in
            writer.write(UInt64(state.lowerBound))
            writer.write(UInt64(state.count))
        }
    }

    init(
        pluginPath: String, sha256: String?, arguments: InProcessModel.Arguments, logLevel: PluginServices.LogLevel,
        sandbox: SandboxPlan, network: NetworkWay = .make, gatewayProcess: Int32, isAwaited: Bool = false,
        state: Range<Int>? = nil
    ) {
        self.pluginPath = pluginPath
        self.sha256 = sha256
        self.arguments = arguments
        self.logLevel = logLevel
        self.sandbox = sandbox
        self.network = network
        self.gatewayProcess = gatewayProcess
        self.isAwaited = isAwaited
        self.state = state
    }

    init(reading reader: inout MessageReader) throws(MessageReader.Malformed) {
        let version: UInt32 = try reader.read()
        guard version == Self.protocolVersion else {
            throw MessageReader.Malformed("protocol \(version); this sluice-runner speaks \(Self.protocolVersion)")
        }
        pluginPath = try reader.readText()
        sha256 = try reader.readOptional { reader throws(MessageReader.Malformed) in try reader.readText() }
        arguments = InProcessModel.Arguments(
            model: try reader.readText(), version: try reader.readText(), folder: try reader.readText(),
            configJSON: try reader.readText(),
            options: try reader.readList(atMost: .max) { reader throws(MessageReader.Malformed) in
                (try reader.readText(), try reader.readText())
            })
        let function = try reader.read(UInt8.self)
        guard let function = PluginFunction(rawValue: function) else {
            throw MessageReader.Malformed("function \(function)")
        }
        arguments.function = function
        logLevel = PluginServices.LogLevel(rawValue: try reader.read()) ?? .info
        sandbox = try SandboxPlan(reading: &reader)
        guard let way = NetworkWay(rawValue: try reader.read()) else {
            throw MessageReader.Malformed("a way to a network")
        }
        network = way
        gatewayProcess = try reader.read()
        isAwaited = try reader.readBool()
        state = try reader.readOptional { reader throws(MessageReader.Malformed) in
            let offset = Int(clamping: try reader.read(UInt64.self))
            let count = Int(clamping: try reader.read(UInt64.self))
            guard offset <= ChannelLayout.arenaByteCount, count <= ChannelLayout.arenaByteCount - offset else {
                throw MessageReader.Malformed("a state outside of the arena")
            }
            return offset..<(offset + count)
        }
        try reader.finish()
    }
}

/// What a runner says on the socket while it starts.
enum RunnerReport: Sendable {
    /// Locked up; what the kernel refused.
    case sandboxed(refused: [String])
    /// Loaded.
    case described(ModelDescription)
    /// Warmed up: requests may come.
    case ready
    /// Not loaded, or not warmed up: the process ends.
    case failed(PluginLoadError)

    func write(to writer: inout MessageWriter) {
        switch self {
        case .sandboxed(let refused):
            writer.write(UInt8(0))
            writer.write(refused) { $0.write($1) }
        case .described(let description):
            writer.write(UInt8(1))
            writer.write(description)
        case .ready: writer.write(UInt8(2))
        case .failed(let error):
            writer.write(UInt8(3))
            writer.write(error.kind.rawValue)
            writer.write(error.message)
        }
    }

    init(reading reader: inout MessageReader) throws(MessageReader.Malformed) {
        switch try reader.read(UInt8.self) {
        case 0:
            self = .sandboxed(
                refused: try reader.readList(atMost: 64) { reader throws(MessageReader.Malformed) in
                    try reader.readText(atMost: 1024)
                })
        case 1: self = .described(try reader.readDescription())
        case 2: self = .ready
        case 3:
            let kind = PluginLoadError.Kind(rawValue: try reader.readText()) ?? .loadFailed
            self = .failed(PluginLoadError(kind, try reader.readText(atMost: 4096)))
        case let other: throw MessageReader.Malformed("report \(other)")
        }
        try reader.finish()
    }
}

/// What a runner is told on the socket once it has loaded.
enum RunnerCommand: UInt8, Sendable {
    case warmUp = 1
    /// Unload and end.
    case end = 2
}
