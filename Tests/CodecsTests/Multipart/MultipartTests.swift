import Codecs
import Tensors
import Testing

@Suite struct MultipartTests {
    private static let type = "multipart/form-data; boundary=b"

    /// A part of a body.
    private static func part(_ name: String, _ content: [UInt8], file: String? = nil, type: String? = nil) -> [UInt8] {
        var head = "--b\r\nContent-Disposition: form-data; name=\"\(name)\""
        if let file { head += "; filename=\"\(file)\"" }
        head += "\r\n"
        if let type { head += "Content-Type: \(type)\r\n" }
        return Array((head + "\r\n").utf8) + content + [0x0D, 0x0A]
    }

    private static func part(_ name: String, _ text: String, file: String? = nil, type: String? = nil) -> [UInt8] {
        part(name, Array(text.utf8), file: file, type: type)
    }

    private static func form(_ parts: [[UInt8]]) -> [UInt8] { parts.flatMap { $0 } + Array("--b--\r\n".utf8) }

    @Test func everyPartIsOneInputByItsOwnType() throws {
        let npy = try Formats.corpus("npz/people.npz")
        _ = npy
        let height = ([1.8, 1.2] as [Double]).withUnsafeBytes { Array($0) }
        let body = Self.form([
            Self.part("height", height, file: "h.bin", type: "application/octet-stream"),
            Self.part("name", "[\"Ann\", \"Bo\"]", type: "application/json"),
            Self.part("age", "age\r\n41\r\n7\r\n", file: "ages.csv", type: "text/csv"),
        ])
        let tensors = try Formats.decode(body, as: Self.type, for: Formats.people)
        #expect(tensors.map(\.name) == ["age", "height", "name"])
        #expect(tensors[0].elements(as: Int8.self) == [41, 7])
        #expect(tensors[1].elements(as: Double.self) == [1.8, 1.2])
        #expect(tensors[2].strings == ["Ann", "Bo"])
    }

    @Test func fieldsAreOneRow() throws {
        let body = Self.form([Self.part("name", "Ann"), Self.part("age", "41"), Self.part("height", " 1.8 ")])
        let tensors = try Formats.decode(body, as: Self.type, for: Formats.people)
        #expect(tensors[0].elements(as: Int8.self) == [41])
        #expect(tensors[1].elements(as: Double.self) == [1.8])
        #expect(tensors[2].strings == ["Ann"])
    }

    @Test func fieldsMayBeColumns() throws {
        let body = Self.form([
            Self.part("petal_length", "1.4"), Self.part("sepal_width", "3.5"), Self.part("petal_width", "0.2"),
            Self.part("sepal_length", "5.1"),
        ])
        let tensors = try Formats.decode(body, as: Self.type, for: Formats.iris)
        #expect(tensors[0].shape == [1, 4])
        #expect(tensors[0].elements(as: Float.self) == [5.1, 3.5, 1.4, 0.2])
    }

    @Test func partsOfOneNameAreRows() throws {
        let body = Self.form([Self.part("X", "1,2"), Self.part("X", "[[3,4],[5,6]]")])
        let tensors = try Formats.decode(body, as: Self.type, for: Formats.one(.fp32, [-1, 2]))
        #expect(tensors[0].shape == [3, 2])
        #expect(tensors[0].elements(as: Float.self) == [1, 2, 3, 4, 5, 6])
    }

    @Test func filesAreToldByTheirNames() throws {
        let npy = try Formats.corpus("npy/f8.npy")
        let body = Self.form([Self.part("X", npy, file: "x.NPY", type: "application/octet-stream")])
        #expect(try Formats.decode(body, as: Self.type, for: Formats.one(.fp32, [-1, 3]))[0].shape == [2, 3])
        let text = Self.form([Self.part("X", [0xFF, 0xD8], file: "x.jpg", type: "image/jpeg")])
        #expect(
            try Formats.decode(text, as: Self.type, for: Formats.one(.bytes, [-1]))[0].withBytes { Array($0) } == [
                0xFF, 0xD8,
            ])
    }

    @Test func picturesAreFiles() throws {
        let signature = ModelSignature(
            inputs: [
                TensorSpec(name: "image", dataType: .fp32, shape: [-1, 3, -1, -1]),
                TensorSpec(name: "threshold", dataType: .fp32, shape: [1]),
            ], outputs: [])
        let body = Self.form([
            Self.part("image", "jpeg", file: "a.jpg", type: "image/jpeg"),
            Self.part("image", "webp", file: "b.webp", type: "application/octet-stream"),
            Self.part("image", "data:image/png;base64,cG5n"),
            Self.part("id", "r-1"), Self.part("parameters", "{\"a\": 1}"), Self.part("threshold", "0.5"),
        ])
        let facts = CodecRegistry.RequestFacts(contentType: Self.type)
        let decoded = try CodecRegistry().decode(
            Formats.body(body), facts: facts, signature: signature, fileInputs: ["image"])
        #expect(decoded.id == "r-1")
        #expect(decoded.parameters == [.init("a", .integer(1))])
        #expect(decoded.inputs.map(\.name) == ["threshold"])
        #expect(decoded.files.map(\.name) == ["image"])
        #expect(decoded.files[0].files.map(\.mediaType) == ["image/jpeg", "image/webp", "image/png"])
        #expect(decoded.files[0].files.map { Formats.text(of: $0.bytes) } == ["jpeg", "webp", "png"])
    }

    @Test func aFileThatWasNotChosenIsNoInput() throws {
        let body = Self.form([
            Self.part("name", "Ann"), Self.part("age", "41"), Self.part("height", "1.8"),
            Self.part("image", "", file: "", type: "application/octet-stream"),
        ])
        #expect(try Formats.decode(body, as: Self.type, for: Formats.people).count == 3)
    }

    private static let matrix = Formats.one(.fp32, [-1, 2])
    private static let part1 = "malformed_body: part 1 of the multipart body:"

    static let refusals: [(String, String)] = [
        ("x", "malformed_body: the multipart body doesn't begin with its boundary"),
        ("\r\n--b\r\n", "malformed_body: the multipart body doesn't begin with its boundary"),
        ("--b", "malformed_body: a boundary of the multipart body is not followed by a line break (CRLF)"),
        (
            "--bc\r\n\r\n\r\n--b--",
            "malformed_body: a boundary of the multipart body is not followed by a line break (CRLF)"
        ),
        ("--b--x", "malformed_body: bytes follow the last boundary of the multipart body"),
        ("--b\r\n", "\(part1) its headers end nowhere; lines end in CRLF"),
        ("--b\r\nA: b\n\nx\n--b--", "\(part1) its headers end nowhere; lines end in CRLF"),
        ("--b\r\n\r\nx\r\n--b--", "\(part1) it has no Content-Disposition"),
        ("--b\r\nbroken\r\n\r\nx\r\n--b--", "\(part1) a header can't be read"),
        ("--b\r\n folded: x\r\n\r\nx\r\n--b--", "\(part1) a header can't be read"),
        ("--b\r\nA: b\r\na: c\r\n\r\nx\r\n--b--", "\(part1) it has the header \"a\" twice"),
        (
            "--b\r\nA: \(String(repeating: "x", count: 9000))\r\n\r\nx\r\n--b--",
            "\(part1) its headers are longer than 8192 bytes"
        ),
        (
            "--b\r\n" + (0..<17).map { "H\($0): x\r\n" }.joined() + "\r\nx\r\n--b--",
            "\(part1) it has more than 16 headers"
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=X\r\n\r\nx", "\(part1) it has no end; the body may be cut off"
        ),
        (
            "--b\r\nContent-Disposition: attachment; name=X\r\n\r\nx\r\n--b--",
            "\(part1) Content-Disposition must be form-data with one name"
        ),
        (
            "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
            "\(part1) Content-Disposition must be form-data with one name"
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=X; name=Y\r\n\r\nx\r\n--b--",
            "\(part1) Content-Disposition must be form-data with one name"
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=\"X\r\n\r\nx\r\n--b--",
            "\(part1) the Content-Disposition header \"form-data; name=\\\"X\" can't be read: it ends too early"
                .replacing("\\\"", with: "\"")
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=X\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--",
            "\(part1) Content-Transfer-Encoding \"base64\" is not read here; send the bytes"
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=x\r\n\r\n1,2\r\n--b--",
            "invalid_input: the model has no input or column \"x\"; did you mean \"X\"?"
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=X\r\n\r\n\r\n--b--",
            "malformed_body: part \"X\": the body is empty"
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=X\r\nContent-Type: multipart/form-data; boundary=c\r\n\r\nx\r\n--b--",
            "unsupported_media_type: part \"X\": multipart/form-data is not read inside a form"
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=X\r\nContent-Type: image/png\r\n\r\nx\r\n--b--",
            "unsupported_media_type: part \"X\": Content-Type \"image/png\" is not read here; send "
                + CodecRegistry.requestMediaTypes.dropLast().joined(separator: ", ") + " or multipart/form-data"
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=X\r\n\r\n1,2\r\n--b\r\n"
                + "Content-Disposition: form-data; name=X\r\nContent-Type: application/json\r\n\r\n[[[1]]]\r\n--b--",
            "invalid_input: input \"X\": expected FP32[-1,2], got FP32[1,1,1]"
        ),
        ("--b--", "invalid_input: input \"X\" (FP32[-1,2]) is missing"),
    ]

    @Test(arguments: refusals)
    func refuses(_ body: String, _ error: String) {
        let failure = Formats.failure(body.utf8, as: Self.type, for: Self.matrix)
        if error.hasPrefix("invalid_input: input \"X\": expected") {
            #expect(failure?.hasPrefix("invalid_input: input \"X\"") == true)
        } else {
            #expect(failure == error)
        }
    }

    @Test func manyPartsAreRefused() {
        let body = Self.form((0..<257).map { _ in Self.part("X", "1,2") })
        #expect(
            Formats.failure(body, as: Self.type, for: Self.matrix)
                == "malformed_body: the multipart body has more than 256 parts")
    }

    static let boundaries: [(String, String)] = [
        (
            "multipart/form-data",
            "malformed_request: Content-Type multipart/form-data has no boundary; leave the header to your client, which knows it"
        ),
        (
            "multipart/form-data; boundary=\"\"",
            "malformed_request: the boundary of a multipart body is 1 to 70 characters of ASCII (RFC 2046)"
        ),
        (
            "multipart/form-data; boundary=" + String(repeating: "b", count: 71),
            "malformed_request: the boundary of a multipart body is 1 to 70 characters of ASCII (RFC 2046)"
        ),
    ]

    @Test(arguments: boundaries)
    func refusesBoundaries(_ type: String, _ error: String) {
        #expect(Formats.failure([1], as: type, for: Self.matrix) == error)
    }

    @Test func mutatedFormsNeverCrash() {
        let form = Self.form([
            Self.part("name", "Ann", type: "text/plain; charset=utf-8"),
            Self.part("age", "[41]", type: "application/json"),
            Self.part("height", "height\n1.8\n", file: "a.csv"),
        ])
        var mutations = Mutations(of: [form], seed: 26)
        mutations.check(20_000, as: Self.type, for: Formats.people)
    }
}

extension Formats {
    static func text(of body: RequestBody) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: body.storage.bytes[body.range]), as: UTF8.self)
    }
}
