/// `models.NAME.outputs.OUTPUT.image`: how the output becomes a picture.
enum WrittenImageBlock {
    static let layout = Key.optional(
        "layout", MediaWord.type(["NCHW", "NHWC", "NHW", "CHW", "HWC", "HW"]), default: "NCHW",
        "The output's axes: N pictures, of which there must be one, C colours, H, W.")
    static let colour = Key.optional(
        "colour", MediaWord.type(["rgb", "bgr", "gray"]), default: "rgb", "Which colours there are, in their order.")
    static let datatype = Key.optional(
        "datatype", MediaWord.type(["FP32", "UINT8"]), default: "FP32", "The output's data type.")
    static let scale = Key.optional(
        "scale", ValueType.factor, default: "`255`; `1` for UINT8",
        "What numbers are multiplied by to be levels from 0 to 255; `255` is for numbers from 0 to 1.")
    static let quality = Key.optional(
        "quality", ValueType.integer(1...100, example: "90"), default: "90", "Of a JPEG.")
    static let maxPixels = Key.optional(
        "max_pixels", ValueType.pixels, default: "40MP", "Pixels of a picture at most; larger ones are not written.")

    static let block = Block(
        "models.NAME.outputs.OUTPUT.image",
        [
            layout.description, colour.description, datatype.description, scale.description, quality.description,
            maxPixels.description,
        ])

    /// The plugin's settings.
    static func read(
        _ node: YAMLNode, span: SourceSpan, _ reading: Reading
    ) -> [(key: String, value: ConfigurationValue)] {
        guard let reader = MappingReader(node, block, name: "image", span: span, reading) else { return [] }
        var settings = MediaSettings(reader)
        // Said in any case: a block of nothing would tell the plugin nothing.
        let layout = settings.text(layout, default: "NCHW")
        let colour = settings.text(colour)
        settings.text(datatype)
        settings.number(scale)
        settings.number(quality)
        settings.number(maxPixels)
        if let layout, !layout.contains("C"), colour != "gray" {
            reading.error(
                "layout \(layout) has no axis for colours", at: reader.span(of: Self.layout),
                "write colour: gray, or a layout with C")
        }
        return settings.entries
    }
}
