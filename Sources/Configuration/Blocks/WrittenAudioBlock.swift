/// `models.NAME.outputs.OUTPUT.audio`: how the output becomes sound.
enum WrittenAudioBlock {
    static let rate = Key.optional("rate", ValueType.hertz, default: "16kHz", "Samples a second.")
    static let channels = Key.optional(
        "channels", MediaWord.type(["mono", "stereo"]), default: "mono", "One channel or two.")
    static let layout = Key.optional(
        "layout", MediaWord.type(["NS", "NSC", "NCS", "S", "SC", "CS"]), default: "`NS`; `NCS` if stereo",
        "The output's axes: N sounds, of which there must be one, S samples, C channels.")
    static let datatype = Key.optional(
        "datatype", MediaWord.type(["FP32", "INT16"]), default: "FP32",
        "The output's data type: FP32 from -1 to 1, or INT16.")
    static let scale = Key.optional(
        "scale", ValueType.factor, default: "1", "What numbers of FP32 are multiplied by first.")
    static let maxDuration = Key.optional(
        "max_duration", ValueType.duration(.milliseconds(1)...Bounds.longestWait, example: "10min"), default: "10min",
        "The longest sound; longer ones are not written.")

    static let block = Block(
        "models.NAME.outputs.OUTPUT.audio",
        [
            rate.description, channels.description, layout.description, datatype.description, scale.description,
            maxDuration.description,
        ])

    /// The plugin's settings.
    static func read(
        _ node: YAMLNode, span: SourceSpan, _ reading: Reading
    ) -> [(key: String, value: ConfigurationValue)] {
        guard let reader = MappingReader(node, block, name: "audio", span: span, reading) else { return [] }
        var settings = MediaSettings(reader)
        settings.number(rate, default: 16_000)
        let channels = settings.text(channels)
        let layout = settings.text(layout)
        settings.text(datatype)
        settings.number(scale)
        settings.seconds(maxDuration, as: "max_seconds")
        if let layout, channels == "stereo", !layout.contains("C") {
            reading.error(
                "layout \(layout) has no axis for channels", at: reader.span(of: Self.layout),
                "write channels: mono, or a layout with C")
        }
        return settings.entries
    }
}
