package import Configuration
internal import PluginHost
internal import Telemetry
internal import Tensors

/// What makes one input of a model out of pictures, film or sound.
package final class MediaDecoder: Sendable {
    /// The input that it makes.
    package let input: String
    package let kinds: [MediaConfiguration.Kind]
    /// The media types that it reads, each by its main name; for people.
    package let accepts: [String]
    /// What it makes.
    let output: TensorSpec
    /// Dimensions of what it makes; -1 follows from the file.
    package var shape: [Int]? { output.shape }
    /// The plugin, with a queue and threads of its own.
    let runtime: ModelRuntime
    let metrics: GatewayMetrics.DecodingHandles
    /// Every name of the types that it reads.
    private let names: Set<String>

    init(
        _ media: MediaConfiguration, runtime: ModelRuntime, description: ModelDescription,
        metrics: GatewayMetrics.DecodingHandles
    ) {
        input = media.input
        kinds = media.kinds
        self.runtime = runtime
        self.metrics = metrics
        output = description.signature.outputs[0]
        accepts = Self.list("accepts", of: description)
        names = Set(Self.list("names", of: description)).union(accepts)
    }

    /// The media types that any of them reads, each once.
    static func accepted(by decoders: [MediaDecoder]) -> [String] {
        var types: [String] = []
        for decoder in decoders { types += decoder.accepts.filter { !types.contains($0) } }
        return types
    }

    /// - Parameter mediaType: in lower case, without parameters.
    func reads(_ mediaType: String) -> Bool { names.contains(mediaType) }

    /// What the plugin says of itself, separated by commas.
    private static func list(_ key: String, of description: ModelDescription) -> [String] {
        let text = description.metadata.first { $0.key == key }?.value ?? ""
        return text.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }
}

extension ModelRuntime {
    /// What makes an input of bodies of this type; without a type, of files that tell themselves what they are.
    ///
    /// - Parameter input: the input that the request names, where it names one.
    func decoder(of mediaType: String?, input: String?) -> MediaDecoder? {
        decoders.first { decoder in
            (mediaType.map(decoder.reads) ?? true) && (input == nil || input == decoder.input)
        }
    }
}
