/// `models.NAME.inputs.INPUT.video`: which pictures of a film become the input, each as `image` says.
enum VideoBlock {
    static let every = Key.optional(
        "every", ValueType.integer(1...(1 << 20), example: "10"), default: "`1` without fps and frames",
        "Every n-th picture, the first one included.")
    static let fps = Key.optional(
        "fps", ValueType.factor, "Or so many a second: what is shown at each such moment.")
    static let frames = Key.optional(
        "frames", ValueType.integer(1...65_536, example: "16"), "Or so many, spread evenly over the film.")
    static let clip = Key.optional(
        "clip", ValueType.integer(1...65_536, example: "16"), default: "`frames`",
        "Pictures of one clip, for layouts with T; the last clip repeats its last picture.")
    static let maxFrames = Key.optional(
        "max_frames", ValueType.integer(1...65_536, example: "256"), default: "256",
        "Pictures taken of one film at most.")
    static let maxDuration = Key.optional(
        "max_duration", ValueType.duration(.milliseconds(1)...Bounds.longestWait, example: "10min"), default: "10min",
        "The longest film.")

    static let block = Block(
        "models.NAME.inputs.INPUT.video",
        [
            every.description, fps.description, frames.description, clip.description, maxFrames.description,
            maxDuration.description,
        ])

    /// The plugin's settings.
    ///
    /// - Parameter hasClips: whether the layout has T.
    static func read(
        _ node: YAMLNode, span: SourceSpan, hasClips: Bool, _ reading: Reading
    ) -> [(key: String, value: ConfigurationValue)] {
        guard let reader = MappingReader(node, block, name: "video", span: span, reading) else { return [] }
        var settings = MediaSettings(reader)
        settings.number(every)
        if let fps = settings.number(fps), !(0.001...1_000).contains(fps) {
            reading.error("fps must be from 0.001 to 1000", at: reader.span(of: Self.fps))
        }
        let frames = settings.number(frames)
        settings.number(clip)
        let most = settings.number(maxFrames)
        settings.seconds(maxDuration, as: "max_seconds")

        let ways = [every.name, fps.name, Self.frames.name].filter { reader.has(named: $0) }
        if ways.count > 1 {
            reading.error(
                "\(ways[0]) and \(ways[1]) are two ways to choose pictures", at: reader.keySpan(named: ways[1]),
                "leave one of them out")
        }
        if let frames, frames > most ?? 256 {
            reading.error(
                "frames is more than max_frames, \(most ?? 256)", at: reader.span(of: Self.frames),
                "write max_frames: \(frames)")
        }
        if hasClips, !reader.has(clip), !reader.has(Self.frames) {
            reading.error("video has no clip, but the layout is of clips", at: span, "write e.g. clip: 16")
        }
        if !hasClips, reader.has(clip) {
            reading.error(
                "clip is for a layout with T", at: reader.keySpan(of: clip), "write e.g. image: { layout: NTCHW }")
        }
        return settings.entries
    }
}
