/// `models.NAME.inputs.INPUT.image`: how pictures become the input.
enum ImageBlock {
    static let resize = Key.optional(
        "resize", ValueType.parsed("a size", example: "256", parse: MediaText.oneOrBothSides), default: "as it is",
        "The first step: the shorter side, or `WIDTHxHEIGHT`.")
    static let longest = Key.optional(
        "longest", ValueType.integer(1...32_768, example: "960"), default: "as it is",
        "The first step, instead: the longer side is brought down to this.")
    static let size = Key.optional(
        "size", ValueType.parsed("a size", example: "224x224", parse: MediaText.sides),
        default: "the picture's own", "`WIDTHxHEIGHT` of what the model gets.")
    static let multiple = Key.optional(
        "multiple", ValueType.integer(1...1_024, example: "32"), default: "1",
        "Without `size`: what both sides are rounded to multiples of.")
    static let fit = Key.optional(
        "fit", MediaWord.type(["stretch", "crop", "letterbox"]), default: "stretch",
        "How a picture of another shape becomes one of `size`: distorted, the middle of it, or with a frame around it.")
    static let filter = Key.optional(
        "filter", MediaWord.type(["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]), default: "bilinear",
        "How pixels are weighed where the size changes; each is Pillow's of that name.")
    static let colour = Key.optional(
        "colour", MediaWord.type(["rgb", "bgr", "gray"]), default: "rgb", "Which colours there are, in their order.")
    static let layouts = ["NCHW", "NHWC", "NHW", "CHW", "HWC", "HW", "NTCHW", "NTHWC", "NCTHW"]
    static let layout = Key.optional(
        "layout", MediaWord.type(layouts), default: "NCHW",
        "The input's axes: N pictures or clips, T pictures of a clip, C colours, H, W.")
    static let datatype = Key.optional(
        "datatype", MediaWord.type(["FP32", "UINT8"]), default: "FP32", "The input's data type.")
    static let scale = Key.optional(
        "scale", ValueType.factor, default: "1", "What a level from 0 to 255 is multiplied by, e.g. `1/255`.")
    static let mean = Key.optional(
        "mean", ValueType.factor.oneOrList(atMost: 3), default: "0",
        "What is taken away then; one number, or one for each colour.")
    static let std = Key.optional(
        "std", ValueType.factor.oneOrList(atMost: 3), default: "1", "What it is divided by then.")
    static let fill = Key.optional(
        "fill", ValueType.integer(0...255, example: "114").oneOrList(atMost: 3), default: "0",
        "The level of a letterbox's frame.")
    static let maxPixels = Key.optional(
        "max_pixels", ValueType.pixels, default: "40MP", "Pixels of a picture at most; larger ones are not decoded.")

    static let block = Block(
        "models.NAME.inputs.INPUT.image",
        [
            resize.description, longest.description, size.description, multiple.description, fit.description,
            filter.description, colour.description, layout.description, datatype.description, scale.description,
            mean.description, std.description, fill.description, maxPixels.description,
        ])

    /// The plugin's settings.
    ///
    /// - Parameter hasVideo: whether there can be clips.
    static func read(
        _ node: YAMLNode, span: SourceSpan, hasVideo: Bool, _ reading: Reading
    ) -> [(key: String, value: ConfigurationValue)] {
        guard let reader = MappingReader(node, block, name: "image", span: span, reading) else { return [] }
        var settings = MediaSettings(reader)
        settings.text(resize)
        settings.number(longest)
        settings.text(size)
        settings.number(multiple)
        settings.text(fit)
        settings.text(filter)
        let colour = settings.text(colour)
        let layout = settings.text(layout)
        let datatype = settings.text(datatype)
        settings.number(scale)
        let means = settings.numbers(mean)
        let stds = settings.numbers(std)
        let fills = settings.wholes(fill)
        settings.number(maxPixels)

        let colours = colour == "gray" ? 1 : 3
        for (key, count) in [(mean.name, means), (std.name, stds), (fill.name, fills)]
        where count > 1 && count != colours {
            reading.error(
                "\(key) has \(count) numbers, but there \(colours == 1 ? "is 1 colour" : "are 3 colours")",
                at: reader.span(named: key), "write one number, or one for each colour")
        }
        if datatype == "UINT8" {
            for name in [scale.name, mean.name, std.name] where reader.has(named: name) {
                reading.error(
                    "\(name) is for datatype: FP32", at: reader.keySpan(named: name), "leave one of them out")
            }
        }
        if let layout, !layout.contains("C"), colour != "gray" {
            reading.error(
                "layout \(layout) has no axis for colours", at: reader.span(of: Self.layout),
                "write colour: gray, or a layout with C")
        }
        if let layout, layout.contains("T"), !hasVideo {
            reading.error(
                "layout \(layout) is of clips, but the input takes no video", at: reader.span(of: Self.layout),
                "add video: {…}, or write a layout without T")
        }
        if reader.has(fit), !reader.has(size) {
            reading.error(
                "fit is for a size, and there is none", at: reader.keySpan(of: fit), "write e.g. size: 224x224")
        }
        if reader.has(multiple), reader.has(size) {
            reading.error(
                "multiple is for pictures of their own size", at: reader.keySpan(of: multiple),
                "leave out multiple or size")
        }
        if reader.has(resize), reader.has(longest) {
            reading.error(
                "resize and longest are both the first step", at: reader.keySpan(of: longest), "leave one of them out")
        }
        return settings.entries
    }
}
