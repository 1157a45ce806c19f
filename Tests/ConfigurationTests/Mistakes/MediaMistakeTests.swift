import Configuration
import Testing

@Suite struct MediaMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "pictures of no possible size", input("image: { size: 224, resize: 0x4, longest: 0, max_pixels: 40 MP }"),
            [
                #"3:60+3 error: size: "224" is not a size | write e.g. 224x224"#,
                #"3:73+3 error: resize: "0x4" is not a size | write e.g. 256"#,
                "3:78+7 error: resize and longest are both the first step | leave one of them out",
                "3:87+1 error: longest must be from 1 to 32768, not 0",
                #"3:102+5 error: max_pixels: "40 MP" is not a number of pixels | write e.g. 40MP"#,
            ]),
        WrongText(
            "what isn't for pictures of their own size", input("image: { fit: crop, filtre: box, colour: rbg }"),
            [
                "3:54+3 error: fit is for a size, and there is none | write e.g. size: 224x224",
                #"3:65+6 error: unknown key "filtre" in image | did you mean "filter"?"#,
                #"3:86+3 error: colour can't be "rbg" | did you mean "rgb"?"#,
            ]),
        WrongText(
            "colours that there are not",
            input("image: { layout: HW, mean: [1, 2], colour: rgb, datatype: UINT8, scale: 1/0 }"),
            [
                "3:62+2 error: layout HW has no axis for colours | write colour: gray, or a layout with C",
                "3:66+4 error: mean is for datatype: FP32 | leave one of them out",
                "3:72+1 error: mean has 2 numbers, but there are 3 colours | write one number, or one for each colour",
                "3:110+5 error: scale is for datatype: FP32 | leave one of them out",
                #"3:117+3 error: scale: "1/0" is not a number | write e.g. 1/255"#,
            ]),
        WrongText(
            "clips without film, and the reverse",
            GatewayText(
                models:
                    "models: { a: { plugin: echo, inputs: { X: { image: { layout: NTCHW } }, Y: { image: { layout: NCTHW }, video: { every: 2 } }, Z: { video: { every: 2, fps: 1, clip: 4 } } } } }"
            ),
            [
                "3:62+5 error: layout NTCHW is of clips, but the input takes no video | add video: {…}, or write a layout without T",
                "3:104+5 error: video has no clip, but the layout is of clips | write e.g. clip: 16",
                "3:151+3 error: every and fps are two ways to choose pictures | leave one of them out",
                "3:159+4 error: clip is for a layout with T | write e.g. image: { layout: NTCHW }",
            ]),
        WrongText(
            "more pictures than there may be", input("video: { frames: 300, fps: 0.0001 }"),
            [
                "3:54+6 error: fps and frames are two ways to choose pictures | leave one of them out",
                "3:62+3 error: frames is more than max_frames, 256 | write max_frames: 300",
                "3:72+6 error: fps must be from 0.001 to 1000",
            ]),
        WrongText(
            "sound of no possible kind", input("audio: { rate: 16, channels: stereo, layout: NS, hop: 10 }"),
            [
                #"3:60+2 error: rate: "16" is not a sample rate | write e.g. 16kHz"#,
                "3:90+2 error: layout NS has no axis for channels | write channels: mono, or a layout with C",
                "3:94+3 error: hop is for windows | write e.g. window: 16000",
            ]),
        WrongText(
            "windows without an axis", input("audio: { window: 512, layout: S }"),
            ["3:75+1 error: layout S has no axis for windows | leave out window, or write a layout with N"]),
        WrongText(
            "pictures and sound at once", input("audio: {}, image: {}"),
            ["3:45+5 error: an input is made of pictures or of sound, not of both | leave out audio or image"]),
    ]

    /// An input of a model, in line 3.
    private static func input(_ text: String) -> GatewayText {
        GatewayText(models: "models: { a: { plugin: echo, inputs: { X: { \(text) } } } }")
    }

    @Test func whatTheFileSaysBecomesThePluginsSettings() throws {
        let text = GatewayText(
            models: """
                models:
                  a:
                    plugin: echo
                    inputs:
                      X: { image: { size: 8x4, scale: 1/4, mean: [1, 2, 3], max_pixels: 2MP }, video: { fps: 2 } }
                      Y: { audio: { rate: 44.1kHz, max_duration: 90s, pad_end: false } }
                """
        ).text
        let outcome = ConfigurationLoader().load(text, context: .test)
        #expect(outcome.diagnostics.map(\.brief) == [])
        let configuration = try #require(outcome.configuration)
        let media = configuration.models[0].media
        #expect(media.map(\.kinds) == [[.image, .video], [.audio]])
        #expect(
            media[0].config.json
                == #"{"input":"X","image":{"size":"8x4","scale":0.25,"mean":[1.0,2.0,3.0],"max_pixels":2000000},"video":{"fps":2.0}}"#
        )
        #expect(
            media[1].config.json == #"{"input":"Y","audio":{"rate":44100,"pad_end":false,"max_seconds":90.0}}"#)
        #expect(configuration.plugins.first { $0.name == "media" }?.isolation == .process)
    }
}
