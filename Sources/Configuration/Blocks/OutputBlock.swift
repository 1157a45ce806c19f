/// `models.NAME.outputs.OUTPUT`.
enum OutputBlock {
    static let labels = Key.optional(
        "labels", ValueType.text("a file", example: "./labels.txt").placed,
        "What the places along the output's last axis mean, one label a line; relative to the folder of gateway.yaml.")

    static let image = Key.optional(
        "image", ValueType.mapping, "Clients may ask for the output as a picture, and this is what its numbers mean.")
    static let audio = Key.optional(
        "audio", ValueType.mapping, "Clients may ask for the output as sound, and this is what its numbers mean.")

    static let block = Block(
        "models.NAME.outputs.OUTPUT", [labels.description, image.description, audio.description])

    /// - Parameter mayBeEmpty: whether naming the output says something already.
    static func read(_ entry: NamedNode, mayBeEmpty: Bool, _ reading: Reading) -> OutputConfiguration? {
        let name = "output \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        var output = OutputConfiguration(name: entry.name)
        if let file = reader.value(labels) { output.labels = readLabels(file, reading) }
        output.media = readMedia(reader, reading)
        if !mayBeEmpty, !block.keys.contains(where: { reader.has(named: $0.name) }) {
            reading.error("\(name) says nothing", at: entry.span, "write e.g. labels: ./labels.txt")
        }
        return output.labels == nil && output.media == nil ? nil : output
    }

    private static func readMedia(_ reader: MappingReader, _ reading: Reading) -> OutputConfiguration.Media? {
        let (imageNode, audioNode) = (reader.value(image), reader.value(audio))
        guard imageNode != nil || audioNode != nil else { return nil }
        let span = reader.keySpan(of: imageNode != nil ? image : audio)
        if !reading.context.installedPlugins.contains(MediaConfiguration.plugin) {
            reading.error(
                "no plugin \(quoted(MediaConfiguration.plugin)) is installed to write it", at: span,
                "it is part of `make plugins`")
        }
        if imageNode != nil, audioNode != nil {
            reading.error(
                "an output is a picture or a sound, not both", at: reader.keySpan(of: audio), "leave out audio or image"
            )
        }
        if let imageNode {
            let settings = WrittenImageBlock.read(imageNode, span: span, reading)
            return .init(kind: .image, settings: .mapping(settings), location: span.location)
        }
        let settings = audioNode.map { WrittenAudioBlock.read($0, span: span, reading) } ?? []
        return .init(kind: .audio, settings: .mapping(settings), location: span.location)
    }

    private static func readLabels(_ file: Placed<String>, _ reading: Reading) -> OutputConfiguration.Labels? {
        let path = reading.absolutePath(file.value)
        guard let bytes = reading.context.readFile(path), bytes.count <= LabelFile.mostBytes else {
            reading.error(
                "the labels \(quoted(path)) can't be read, or are more than \(LabelFile.mostBytes >> 20) MiB",
                at: file.span)
            return nil
        }
        do throws(LabelFile.Fault) {
            return .init(
                file: file.value, texts: try LabelFile.labels(in: bytes), location: file.span.location,
                length: file.span.length)
        } catch {
            reading.error("the file of labels \(quoted(path)) \(error.reason)", at: file.span)
            return nil
        }
    }
}
