package import Tensors

extension OpenInferenceCodec {
    /// Writes a model's metadata document.
    ///
    /// Shapes are as clients send them: the batch dimension is there, as -1. A model that takes any rank says `[-1]`.
    /// - Parameter media: the media types that an input may be sent as elsewhere, by its name.
    package func modelMetadata(
        name: String, versions: [String], platform: String, signature: ModelSignature, media: [String: [String]] = [:]
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("versions")
        writer.strings(versions)
        writer.key("platform")
        writer.string(platform)
        writer.key("inputs")
        write(signature.inputs, media: media, to: &writer)
        writer.key("outputs")
        write(signature.outputs, to: &writer)
        writer.endObject()
        return writer.bytes
    }

    private func write(_ specs: [TensorSpec], media: [String: [String]] = [:], to writer: inout JSONWriter) {
        writer.beginArray()
        for spec in specs {
            writer.beginObject()
            writer.key("name")
            writer.string(spec.name)
            writer.key("datatype")
            writer.string(spec.dataType.name)
            writer.key("shape")
            writer.numbers(spec.shape ?? [-1])
            if let types = media[spec.name] {
                writer.key("media_types")
                writer.strings(types)
            }
            writer.endObject()
        }
        writer.endArray()
    }

    /// Writes the server's metadata document.
    package func serverMetadata(name: String, version: String, extensions: [String]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("version")
        writer.string(version)
        writer.key("extensions")
        writer.strings(extensions)
        writer.endObject()
        return writer.bytes
    }
}
