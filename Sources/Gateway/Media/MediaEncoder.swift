internal import Configuration
internal import PluginHost
internal import Tensors

/// What makes a picture or a sound out of one output of a model.
package final class MediaEncoder: Sendable {
    /// The output that it takes.
    package let output: String
    let kind: MediaConfiguration.Kind
    /// The media types that it writes.
    package let types: [String]
    /// What it takes, by itself.
    let signature: ModelSignature
    /// The plugin, with a queue and threads of its own.
    let runtime: ModelRuntime

    init(_ output: String, _ kind: MediaConfiguration.Kind, runtime: ModelRuntime, description: ModelDescription) {
        self.output = output
        self.kind = kind
        self.runtime = runtime
        signature = description.signature
        let text = description.metadata.first { $0.key == "accepts" }?.value ?? ""
        types = text.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    /// The media types that any of them writes, each once.
    static func written(by encoders: [MediaEncoder]) -> [String] {
        var types: [String] = []
        for encoder in encoders { types += encoder.types.filter { !types.contains($0) } }
        return types
    }
}

/// What turns files into a model's inputs, and its outputs into files.
struct ModelMedia: Sendable {
    var decoders: [MediaDecoder] = []
    var encoders: [MediaEncoder] = []

    var runtimes: [ModelRuntime] { decoders.map(\.runtime) + encoders.map(\.runtime) }

    /// Ends them, where their model is not to serve.
    func shutDown() {
        for runtime in runtimes { _ = runtime.shutDown() }
    }
}
