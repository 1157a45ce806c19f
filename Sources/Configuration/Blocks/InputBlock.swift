/// `models.NAME.inputs.INPUT`.
enum InputBlock {
    static let columns = Key.optional(
        "columns", ValueType.text("a column's name", example: "sepal_length").placed.list(atMost: Bounds.columns),
        "Names of the columns along the input's last axis, in order; clients may then send them by name.")
    static let maxShape = Key.optional(
        "max_shape", ValueType.integer(-1...Int(Int32.max), example: "-1").list(atMost: 32),
        default: "as the model declares",
        "The most of each dimension, the batch included; -1 is any number.")
    static let range = Key.optional(
        "range", bound.list(atMost: 2), default: "any", "The smallest and the largest number, both allowed.")
    static let finite = Key.optional(
        "finite", ValueType<Bool>.truth, default: "false", "Whether infinities and what is no number are refused.")
    static let maxText = Key.optional(
        "max_text", ValueType.size(0...(1 << 40), example: "4KiB"), "Bytes of UTF-8 in each text at most.")

    static let image = Key.optional(
        "image", ValueType.mapping, "Clients may send a picture, and this is how it becomes the input.")
    static let video = Key.optional(
        "video", ValueType.mapping, "Clients may send a film, too: which of its pictures are taken.")
    static let audio = Key.optional(
        "audio", ValueType.mapping, "Clients may send sound, and this is how it becomes the input.")

    static let block = Block(
        "models.NAME.inputs.INPUT",
        [
            columns.description, maxShape.description, range.description, finite.description, maxText.description,
            image.description, video.description, audio.description,
        ])

    private static let bound = ValueType<Placed<Double>>("a number", example: "0") { node, what, reading in
        ValueType.number(-1e300...1e300, example: "0").placed.read(node, what, reading)
    }

    struct Result {
        var columns: [String]?
        var media: MediaConfiguration?
        var limits: InputLimits
    }

    /// - Parameter mayBeEmpty: whether naming the input says something already.
    static func read(_ entry: NamedNode, mayBeEmpty: Bool = false, _ reading: Reading) -> Result? {
        let name = "input \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        var result = Result(limits: InputLimits(location: entry.span.location))
        if let columns = reader.value(columns) {
            var seen: Set<String> = []
            for column in columns where !seen.insert(column.value).inserted {
                reading.error("column \(quoted(column.value)) is named twice", at: column.span)
            }
            result.columns = columns.map(\.value)
        }
        result.limits.maxShape = reader.value(maxShape)
        if let bounds = reader.value(range) {
            if bounds.count == 2, bounds[0].value <= bounds[1].value {
                (result.limits.least, result.limits.most) = (bounds[0].value, bounds[1].value)
            } else {
                reading.error(
                    "range is two numbers, the smaller one first", at: reader.span(of: range),
                    "write e.g. range: [0, 1]")
            }
        }
        result.limits.isFinite = reader.value(finite) ?? false
        result.limits.maxText = reader.value(maxText)
        result.media = readMedia(reader, entry, reading)
        if !mayBeEmpty, !block.keys.contains(where: { reader.has(named: $0.name) }) {
            reading.error("\(name) says nothing", at: entry.span, "write e.g. columns: [a, b], or finite: true")
        }
        return result
    }

    private static func readMedia(
        _ reader: MappingReader, _ entry: NamedNode, _ reading: Reading
    ) -> MediaConfiguration? {
        let (imageNode, videoNode, audioNode) = (reader.value(image), reader.value(video), reader.value(audio))
        guard imageNode != nil || videoNode != nil || audioNode != nil else { return nil }
        let first = imageNode != nil ? image : videoNode != nil ? video : audio
        if !reading.context.installedPlugins.contains(MediaConfiguration.plugin) {
            reading.error(
                "no plugin \(quoted(MediaConfiguration.plugin)) is installed to read it", at: reader.keySpan(of: first),
                "it is part of `make plugins`")
        }
        var settings: [(key: String, value: ConfigurationValue)] = []
        var hasClips = false
        if let imageNode {
            let image = ImageBlock.read(
                imageNode, span: reader.keySpan(of: image), hasVideo: videoNode != nil, reading)
            hasClips = image.contains { $0.key == "layout" && $0.value.json.contains("T") }
            settings.append(("image", .mapping(image)))
        }
        if let videoNode {
            let span = reader.keySpan(of: video)
            settings.append(("video", .mapping(VideoBlock.read(videoNode, span: span, hasClips: hasClips, reading))))
        }
        if let audioNode {
            settings.append(("audio", .mapping(AudioBlock.read(audioNode, span: reader.keySpan(of: audio), reading))))
            if first.name != audio.name {
                reading.error(
                    "an input is made of pictures or of sound, not of both", at: reader.keySpan(of: audio),
                    "leave out audio or \(first.name)")
            }
        }
        return MediaConfiguration(
            input: entry.name, settings: .mapping(settings), location: reader.keySpan(of: first).location)
    }
}
