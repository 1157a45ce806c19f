internal import Configuration
internal import PluginHost

/// All that makes a loaded model what it is. Where two are equal, loading again would give the same model.
struct ModelFingerprint: Sendable, Equatable {
    private(set) var model: ModelConfiguration
    /// `nil` for a model that is made of others.
    private var plugin: PluginConfiguration?
    /// Those others, in the order of the steps; `nil` for one that isn't loaded.
    private var steps: [ObjectIdentifier?] = []
    /// What decodes pictures, film and sound for it; `nil` where nothing does.
    private var decoding: Decoding?
    /// SHA-256 of the plugin's file; `nil` where it can't be opened.
    private(set) var library: String?
    /// The files that the model's config names, as they are now.
    private var files: [String: FileIdentity]

    /// A plugin that decodes, and the SHA-256 of its file.
    struct Decoding: Sendable, Equatable {
        var plugin: PluginConfiguration
        var file: String?
    }

    /// So many settings of a config are looked at as names of files.
    private static let mostFiles = 256

    /// - Parameters:
    ///   - library: SHA-256 of the plugin's file, where there is one.
    ///   - folder: where relative paths in the config start.
    ///   - decoding: what decodes for it, where anything does.
    init(
        _ model: ModelConfiguration, plugin: PluginConfiguration?, library: String?, decoding: Decoding? = nil,
        folder: String
    ) {
        let nowhere = SourceLocation(line: 0, column: 0)
        self.model = model
        self.model.location = nowhere
        // The route table's own business: an attempt is given up, whatever the model.
        self.model.timeout = nil
        // Whether it is asked at all is the gate's.
        self.model.breaker = nil
        // So is what comes from elsewhere.
        self.model.references = nil
        // What requests cost, and how many there may be, is the policies' business.
        self.model.cost = nil
        self.model.costLocation = nil
        self.model.limits = []
        // What inputs may be is the gate's.
        self.model.inputLimits = []
        self.plugin = plugin
        self.plugin?.location = nowhere
        self.library = library
        for index in self.model.media.indices { self.model.media[index].location = nowhere }
        for index in self.model.outputs.indices {
            self.model.outputs[index].labels?.location = nowhere
            self.model.outputs[index].labels?.length = 0
            self.model.outputs[index].media?.location = nowhere
        }
        self.decoding = decoding
        self.decoding?.plugin.location = nowhere
        files = [:]
        let named = [(key: "", value: model.tokenizer?.vocabulary ?? "")]
        for (_, value) in named + model.config.options.prefix(Self.mostFiles)
        where !value.isEmpty && value.utf8.count < 4096 {
            let path = value.hasPrefix("/") ? value : "\(folder)/\(value)"
            if let identity = FileIdentity(path: path) { files[path] = identity }
        }
    }

    /// Of a model that is made of others. Who compares two holds both models, so that none of these identities is reused.
    init(_ model: ModelConfiguration, steps: [ModelRuntime], decoding: Decoding?, folder: String) {
        self.init(model, plugin: nil, library: nil, decoding: decoding, folder: folder)
        self.steps = steps.map { $0.loaded == nil ? nil : ObjectIdentifier($0) }
    }
}
