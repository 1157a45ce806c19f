import Codecs
import Tensors
import Testing

@Suite struct CodecRegistryTests {
    private static let matrix = Formats.one(.fp32, [-1, 2])
    private static let csv = "1,2\n3,4\n"
    private static let json = "[[1,2],[3,4]]"
    private static let xml = "<r><r><v>1</v><v>2</v></r><r><v>3</v><v>4</v></r></r>"

    /// Bodies that are all the same matrix, by every name of their format and by none.
    static let sameMatrix: [(String?, String)] = [
        ("application/json", json),
        ("application/json; charset=utf-8", json),
        ("application/vnd.acme+json", json),
        ("text/csv", csv),
        ("application/xml", xml),
        ("text/xml", xml),
        ("application/atom+xml", xml),
        (nil, json),
        (nil, csv),
        (nil, " \n" + xml),
        (nil, "\u{FEFF}" + csv),
        ("", json),
        ("application/x-www-form-urlencoded", json),
        ("application/x-www-form-urlencoded; charset=utf-8", csv),
    ]

    @Test(arguments: sameMatrix)
    func findsTheFormat(_ contentType: String?, _ body: String) throws {
        let tensors = try Formats.decode(body.utf8, as: contentType, for: Self.matrix)
        #expect(tensors.map(\.shape) == [[2, 2]])
        #expect(tensors[0].elements(as: Float.self) == [1, 2, 3, 4])
    }

    @Test func tellsNpyAndRawFromTheBodyToo() throws {
        let npy = try Formats.corpus("npy/f8.npy")
        #expect(try Formats.decode(npy, as: nil, for: Formats.one(.fp32, [-1, 3])).map(\.shape) == [[2, 3]])
        let raw = ([1, 2] as [Float]).withUnsafeBytes { Array($0) }
        #expect(try Formats.decode(raw, as: nil, for: Self.matrix)[0].elements(as: Float.self) == [1, 2])
    }

    @Test(arguments: ["3.5", "-1e3", "3.5\n"])
    func oneNumberIsATable(_ text: String) throws {
        #expect(try Formats.decode(text.utf8, as: nil, for: Formats.one(.fp64, [-1])).map(\.shape) == [[1]])
    }

    @Test(arguments: ["Hello, world\n", "größe", "\0\u{1}"])
    func aModelOfOneTextTakesTheBodyWhole(_ text: String) throws {
        #expect(try Formats.decode(text.utf8, as: nil, for: Formats.one(.bytes, [-1]))[0].strings == [text])
    }

    @Test func textThatTheSniffedPartCutsInACharacterIsStillText() throws {
        let name = String(repeating: "ß", count: 3000)
        let body = "x,1,2,3\n" + "7,1.5,\(name)\n"
        #expect(Formats.failure(body.utf8, as: nil, for: Formats.people)?.hasPrefix("invalid_input") == true)
        let tensors = try Formats.decode("7,1.5,\(name)\n".utf8, as: nil, for: Formats.people)
        #expect(tensors[2].strings == [name])
    }

    static let refusals: [(String, String)] = [
        (
            "image/png",
            "unsupported_media_type: Content-Type \"image/png\" is not read here; send "
                + CodecRegistry.requestMediaTypes.dropLast().joined(separator: ", ") + " or multipart/form-data"
        ),
        (
            "text/csv;charset=koi8-r",
            "unsupported_media_type: text/csv in charset \"koi8-r\" is not read here; send it in utf-8, utf-16 or "
                + "windows-1252"
        ),
        (
            "text/csv;delimiter=x",
            "malformed_request: Content-Type text/csv has delimiter=\"x\"; it is one of \",\", \";\", \"|\", \":\" and \"tab\""
        ),
        (
            "text/csv;decimal=x",
            "malformed_request: Content-Type text/csv has decimal=\"x\"; it is \",\" or \".\""
        ),
        (
            "application/json;charset=utf-16",
            "unsupported_media_type: application/json in charset \"utf-16\" is not read here; send it in utf-8"
        ),
        (
            "text/csv;header=yes",
            "malformed_request: Content-Type text/csv has header=\"yes\"; it is \"present\" or \"absent\" (RFC 4180)"
        ),
        ("csv", "malformed_request: the Content-Type header \"csv\" can't be read: it ends too early"),
    ]

    @Test(arguments: refusals)
    func refusesOtherContentTypes(_ contentType: String, _ error: String) {
        #expect(Formats.failure(Self.csv.utf8, as: contentType, for: Self.matrix) == error)
    }

    @Test(arguments: ["application/json", "text/csv", "application/xml", "application/x-npy", nil])
    func refusesEmptyBodies(_ contentType: String?) {
        #expect(Formats.failure([], as: contentType, for: Self.matrix) == "malformed_body: the body is empty")
    }

    static let sampled: [ModelSignature] = [
        Formats.iris, Formats.people, Formats.one(.fp32, [-1, 3]), Formats.one(.bool, []), Formats.one(.bytes, [-1]),
        Formats.one(.int64, nil), Formats.one(.fp16, [2, 2]), Formats.one(.bf16, [-1, 2, 2]),
        Formats.one(.uint8, [-1, 8, 8, 3]), Formats.one(.fp32, [-1, -1], columns: ["a", "b c"]),
    ]

    @Test(arguments: sampled, CodecRegistry.requestMediaTypes)
    func samplesAreAcceptedByTheirModel(_ signature: ModelSignature, _ mediaType: String) throws {
        guard let sample = CodecRegistry().sample(for: signature, mediaType: mediaType) else { return }
        #expect(sample.mediaType == mediaType)
        let tensors = try Formats.decode(Formats.bytes(of: sample), as: mediaType, for: signature)
        #expect(tensors.count == signature.inputs.count)
    }

    @Test func samplesNameTheColumns() throws {
        let registry = CodecRegistry()
        let csv = try #require(registry.sample(for: Formats.iris, mediaType: "text/csv"))
        #expect(Formats.text(of: csv) == "sepal_length,sepal_width,petal_length,petal_width\r\n1,1,1,1\r\n")
        let xml = try #require(registry.sample(for: Formats.people, mediaType: "application/xml"))
        #expect(
            Formats.text(of: xml)
                == """
                <?xml version="1.0" encoding="UTF-8"?>
                <rows>
                <row><age>1</age><height><v>1</v></height><name>text</name></row>
                </rows>

                """)
        #expect(registry.sample(for: Formats.people, mediaType: "application/x-npy") == nil)
        #expect(registry.sample(for: Formats.one(.fp32, [-1, 3, 224, 224]), mediaType: "text/csv") == nil)
        #expect(registry.sample(for: Formats.iris, mediaType: "image/png") == nil)
    }

    @Test(arguments: AnswerFormat.allCases)
    func everyFormatLabelsItsAnswer(_ format: AnswerFormat) throws {
        let tensor = try Tensor(name: "y", dataType: .int32, shape: [2], copying: [1, 2] as [Int32])
        let facts = CodecRegistry.AnswerFacts(model: "m", version: "1", id: "r")
        let body = try CodecRegistry().encode([tensor], as: format, facts: facts)
        #expect(body.mediaType == format.mediaType)
        #expect(body.count == Formats.bytes(of: body).count)
        #expect(body.count > 0)
    }

    @Test func mutatedBodiesWithoutATypeNeverCrash() throws {
        var mutations = Mutations(of: [Self.csv, Self.xml, Self.json].map { Array($0.utf8) }, seed: 9)
        mutations.check(10_000, as: nil, for: Self.matrix)
    }
}
