/// `models.NAME.inputs.INPUT.audio`: how sound becomes the input.
enum AudioBlock {
    static let rate = Key.optional("rate", ValueType.hertz, default: "16kHz", "Samples a second.")
    static let channels = Key.optional(
        "channels", MediaWord.type(["mono", "stereo"]), default: "mono",
        "`mono` is the mean of all channels; `stereo` takes files with one or two.")
    static let layout = Key.optional(
        "layout", MediaWord.type(["NS", "NSC", "NCS", "S", "SC", "CS"]), default: "`NS`; `NCS` if stereo",
        "The input's axes: N windows, S samples, C channels.")
    static let window = Key.optional(
        "window", ValueType.integer(1...(1 << 30), example: "16000"), default: "one of everything",
        "Samples of a window.")
    static let hop = Key.optional(
        "hop", ValueType.integer(1...(1 << 30), example: "8000"), default: "`window`",
        "Samples from the start of one window to that of the next.")
    static let padStart = Key.optional(
        "pad_start", ValueType.integer(0...(1 << 24), example: "3840"), default: "0",
        "Samples of silence before the first.")
    static let padEnd = Key.optional(
        "pad_end", ValueType<Bool>.truth, default: "true",
        "Whether the last window is filled up with silence, or left out where it isn't full.")
    static let datatype = Key.optional(
        "datatype", MediaWord.type(["FP32", "INT16"]), default: "FP32", "FP32 from -1 to 1, or INT16.")
    static let scale = Key.optional("scale", ValueType.factor, default: "1", "What samples are multiplied by.")
    static let maxDuration = Key.optional(
        "max_duration", ValueType.duration(.milliseconds(1)...Bounds.longestWait, example: "10min"), default: "10min",
        "The longest sound.")

    static let block = Block(
        "models.NAME.inputs.INPUT.audio",
        [
            rate.description, channels.description, layout.description, window.description, hop.description,
            padStart.description, padEnd.description, datatype.description, scale.description,
            maxDuration.description,
        ])

    /// The plugin's settings.
    static func read(
        _ node: YAMLNode, span: SourceSpan, _ reading: Reading
    ) -> [(key: String, value: ConfigurationValue)] {
        guard let reader = MappingReader(node, block, name: "audio", span: span, reading) else { return [] }
        var settings = MediaSettings(reader)
        // Said in any case: the plugin would take none for pictures.
        settings.number(rate, default: 16_000)
        let channels = settings.text(channels)
        let layout = settings.text(layout)
        settings.number(window)
        settings.number(hop)
        settings.number(padStart)
        settings.truth(padEnd)
        settings.text(datatype)
        settings.number(scale)
        settings.seconds(maxDuration, as: "max_seconds")

        if let layout, channels == "stereo", !layout.contains("C") {
            reading.error(
                "layout \(layout) has no axis for channels", at: reader.span(of: Self.layout),
                "write channels: mono, or a layout with C")
        }
        if let layout, reader.has(window), !layout.hasPrefix("N") {
            reading.error(
                "layout \(layout) has no axis for windows", at: reader.span(of: Self.layout),
                "leave out window, or write a layout with N")
        }
        if reader.has(hop), !reader.has(window) {
            reading.error("hop is for windows", at: reader.keySpan(of: hop), "write e.g. window: 16000")
        }
        return settings.entries
    }
}
