import Codecs
import Tensors
import Testing

/// Pictures, sound and film inside JSON documents.
@Suite struct FileInputTests {
    private static let image = ModelSignature(
        inputs: [TensorSpec(name: "image", dataType: .fp32, shape: [-1, 3, 2, 2])], outputs: [], batching: .concat)
    private static let scored = ModelSignature(
        inputs: image.inputs + [TensorSpec(name: "threshold", dataType: .fp32, shape: [-1])], outputs: [],
        batching: .concat)

    private static func decode(_ text: String, _ signature: ModelSignature) throws(SluiceError) -> CodecRegistry.Decoded
    {
        try CodecRegistry().decode(
            Formats.body(text.utf8), facts: CodecRegistry.RequestFacts(contentType: "application/json"),
            signature: signature, fileInputs: ["image"])
    }

    /// `png` and `jpeg` in base64.
    private static let png = "data:image/png;base64,cG5n"
    private static let jpeg = #"{"base64":"anBlZw==","type":"image/JPEG"}"#

    static let documents: [String] = [
        "[\"\(png)\",\(jpeg)]", "{\"image\":[\"\(png)\",\(jpeg)]}", "{\"inputs\":{\"image\":[\"\(png)\",\(jpeg)]}}",
        "{\"instances\":[\"\(png)\",\(jpeg)]}", "[{\"image\":\"\(png)\"},{\"image\":\(jpeg)}]",
        "{\"instances\":[{\"image\":\"\(png)\"},{\"image\":\(jpeg)}],\"id\":\"r\"}",
        #"["data:image\/png;base64,cG5n",{"type":"image/jpeg","b64":"anBlZw=="}]"#,
    ]

    @Test(arguments: documents)
    func everyFormOfTheDocumentTakesFiles(_ document: String) throws {
        let decoded = try Self.decode(document, Self.image)
        #expect(decoded.inputs.isEmpty)
        #expect(decoded.files.map(\.name) == ["image"])
        #expect(decoded.files[0].files.map(\.mediaType) == ["image/png", "image/jpeg"])
        #expect(decoded.files[0].files.map { Formats.text(of: $0.bytes) } == ["png", "jpeg"])
    }

    /// Where a file is to be fetched is only said here.
    @Test(arguments: [
        #"{"url":"https://a.example/b"}"#, #"{"image":{"url":"https://a.example/b"}}"#,
        #"[{"type":"image/PNG","url":"https:\/\/a.example/b"}]"#, #"[{"image":{"url":"https://a.example/b"}}]"#,
        #"{"instances":[{"url":"https://a.example/b","type":"image/png"}]}"#,
    ])
    func aFileMayBeElsewhere(_ document: String) throws {
        let files = try Self.decode(document, Self.image).files[0].files
        #expect(files.map(\.url) == ["https://a.example/b"])
        #expect(files.map(\.mediaType) == [document.contains("type") ? "image/png" : nil])
        #expect(files[0].bytes.count == 0)
    }

    @Test func filesStandBesideThoseElsewhere() throws {
        let files = try Self.decode("[\"\(Self.png)\",{\"url\":\"u\"},\(Self.jpeg)]", Self.image).files[0].files
        #expect(files.map(\.url) == [nil, "u", nil])
        #expect(files.map { Formats.text(of: $0.bytes) } == ["png", "", "jpeg"])
    }

    static let alone: [String] = [
        "\"\(png)\"", "{\"image\":\"\(png)\"}", #"{"base64":"cG5n"}"#, #"{"image":{"b64":"cG5n"}}"#,
        "\"data:;base64,cG5n\"",
    ]

    @Test(arguments: alone)
    func oneFileNeedsNoList(_ document: String) throws {
        let files = try Self.decode(document, Self.image).files[0].files
        #expect(files.count == 1)
        #expect(files[0].mediaType == (document.contains("image/png") ? "image/png" : nil))
        #expect(Formats.text(of: files[0].bytes) == "png")
    }

    @Test func otherInputsStandBeside() throws {
        let decoded = try Self.decode("{\"image\":[\"\(Self.png)\"],\"threshold\":[0.5]}", Self.scored)
        #expect(decoded.inputs.map(\.name) == ["threshold"])
        let rows = try Self.decode("[{\"threshold\":0.5,\"image\":\"\(Self.png)\"}]", Self.scored)
        #expect(rows.inputs[0].elements(as: Float.self) == [0.5])
        #expect(rows.files[0].files.count == 1)
    }

    @Test func numbersAreStillNumbers() throws {
        let document = "{\"image\":[[[[1,2],[3,4]],[[1,2],[3,4]],[[1,2],[3,4]]]]}"
        let decoded = try Self.decode(document, Self.image)
        #expect(decoded.files.isEmpty)
        #expect(decoded.inputs[0].shape == [1, 3, 2, 2])
    }

    @Test func bytesMayBeWrittenEitherWay() throws {
        for key in ["b64", "base64"] {
            let tensors = try Formats.decode(
                "[{\"\(key)\":\"/w==\"}]".utf8, as: "application/json", for: Formats.one(.bytes, [-1]))
            #expect(tensors[0].withBytes { Array($0) } == [0xFF])
        }
        // Texts are texts, whatever they look like.
        let text = try Formats.decode("[\"\(Self.png)\"]".utf8, as: "application/json", for: Formats.one(.bytes, [-1]))
        #expect(text[0].strings == [Self.png])
    }

    static let refusals: [(String, String)] = [
        ("\"cG5n\"", "input \"image\": a file is written \"data:image/png;base64,…\" or {\"base64\": \"…\"}"),
        ("\"data:image/png,png\"", "input \"image\": the data URL isn't in base64"),
        ("\"data:image/png;base64,c\"", "input \"image\": the data URL holds no base64"),
        (
            "\"data:image/png;base64\"",
            "input \"image\": a file is written \"data:image/png;base64,…\" or {\"base64\": \"…\"}"
        ),
        ("{\"image\":{\"base64\":\"*\"}}", "input \"image\": \"base64\" is not base64"),
        (
            "{\"image\":{\"path\":\"/a.png\"}}",
            "input \"image\": a file as an object is written {\"base64\": \"…\", \"type\": \"image/png\"}, without \"path\""
        ),
        (
            "{\"image\":{\"url\":\"https://a.example/\",\"base64\":\"cG5n\"}}",
            "input \"image\": a file as an object is written {\"base64\": \"…\", \"type\": \"image/png\"}, without \"base64\""
        ),
        (
            "{\"image\":{\"base64\":\"cG5n\",\"url\":\"https://a.example/\"}}",
            "input \"image\": a file as an object is written {\"base64\": \"…\", \"type\": \"image/png\"}, without \"url\""
        ),
        (
            "{\"image\":{}}",
            "input \"image\": a file as an object is written {\"base64\": \"…\", \"type\": \"image/png\"}"
        ),
        ("[\"\(png)\",5]", "input \"image\", row 2: a file is expected, as before it, not a number"),
        ("[[\"\(png)\"]]", "input \"image\": files are one or a list, not lists in lists"),
        ("[{\"image\":[\"\(png)\"]}]", "input \"image\", row 1: files are one or a list, not lists in lists"),
        (
            "[" + Array(repeating: "\"\(png)\"", count: 65).joined(separator: ",") + "]",
            "input \"image\", row 65: there may be at most 64 files"
        ),
    ]

    @Test(arguments: refusals)
    func refuses(_ document: String, _ error: String) {
        do throws(SluiceError) {
            _ = try Self.decode(document, Self.image)
            Issue.record("\(document) is taken")
        } catch {
            #expect(error.description == "invalid_input: " + error.message)
            #expect(error.message == Self.refusals.first { $0.0 == document }?.1)
        }
    }

    @Test func whereNoInputTakesFilesTheyAreRefused() {
        #expect(
            Formats.failure("{\"image\":\"\(Self.png)\"}".utf8, as: "application/json", for: Self.image)
                == "invalid_input: input \"image\": FP32 needs a number, not a string")
    }
}
