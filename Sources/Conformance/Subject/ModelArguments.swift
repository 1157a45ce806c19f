internal import CSluicePlugin
internal import Configuration
internal import Glibc
internal import PluginHost

/// What a model is loaded with.
struct ModelArguments: Sendable {
    var folder: String
    var json: String
    var options: [(key: String, value: String)]

    init(folder: String, configuration: ConfigurationValue) {
        self.folder = folder
        json = configuration.json
        options = configuration.options
    }

    /// As the gateway's own code takes it.
    var hosted: InProcessModel.Arguments {
        InProcessModel.Arguments(model: "checked", version: "1", folder: folder, configJSON: json, options: options)
    }

    /// As the plugin gets it, and no longer than `body` runs.
    func withCForm<Result>(isGrown: Bool, _ body: (UnsafePointer<sluice_load_args>) -> Result) -> Result {
        let pieces = MemoryPieces()
        let size = MemoryLayout<sluice_load_args>.size + (isGrown ? 64 : 0)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { memory.deallocate() }
        memset(memory, 0xA5, size)
        let args = memory.bindMemory(to: sluice_load_args.self, capacity: 1)
        args.initialize(
            to: sluice_load_args(
                struct_size: size, model: pieces.text("checked"), version: pieces.text("1"), path: pieces.text(folder),
                config_json: pieces.text(json), options: pieces.pairs(options), option_count: options.count))
        return withExtendedLifetime(pieces) { body(args) }
    }
}
