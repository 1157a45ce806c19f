import Codecs
import Tensors
import Testing

@Suite struct RawCodecTests {
    private static let octets = "application/octet-stream"

    /// Declared shape, `Sluice-Shape`, number of FP32 elements sent, and the shape they get.
    static let shapes: [([Int]?, String?, Int, [Int])] = [
        ([-1, 4], nil, 8, [2, 4]),
        ([-1], nil, 3, [3]),
        ([2, 2], nil, 4, [2, 2]),
        ([], nil, 1, []),
        ([3, -1], nil, 6, [3, 2]),
        ([-1, -1], "1, 4", 4, [1, 4]),
        (nil, "2,2", 4, [2, 2]),
        (nil, "", 1, []),
        ([-1, 4], "2,4", 8, [2, 4]),
    ]

    @Test(arguments: shapes)
    func shapeFollowsFromTheBytes(_ declared: [Int]?, _ stated: String?, _ count: Int, _ shape: [Int]) throws {
        let values = (0..<count).map(Float.init)
        let bytes = values.withUnsafeBytes { Array($0) }
        let tensor = try #require(
            try Formats.decode(
                bytes, as: Self.octets, for: Formats.one(.fp32, declared), input: "X", shape: stated, dataType: "FP32"
            ).first)
        #expect(tensor.shape == shape)
        #expect(tensor.elements(as: Float.self) == values)
    }

    @Test func alignedBodiesAreSharedAndOthersCopied() throws {
        let body = Formats.body(repeatElement(1, count: 65))
        let signature = Formats.one(.uint8, [-1])
        let shared = try RawCodec.decode(body, input: nil, shape: nil, dataType: nil, signature: signature)
        #expect(shared.storage === body.storage)
        let later = RequestBody(body.storage, range: 1..<65)
        let copied = try RawCodec.decode(later, input: nil, shape: nil, dataType: nil, signature: signature)
        #expect(copied.storage !== body.storage)
        #expect(copied.shape == [64])
    }

    @Test(arguments: [[-1], [1], [], [-1, 1], [-1, -1]])
    func aBytesInputTakesTheWholeBodyAsOneElement(_ shape: [Int]) throws {
        let storage = Formats.body([9, 0, 0xFF, 9]).storage
        let tensor = try RawCodec.decode(
            RequestBody(storage, range: 1..<3), input: nil, shape: nil, dataType: nil,
            signature: Formats.one(.bytes, shape))
        #expect(tensor.shape == shape.map { $0 < 0 ? 1 : $0 })
        #expect(tensor.withElement(0) { Array($0) } == [0, 0xFF])
    }

    /// What is sent with a body of `count` zeros, and the refusal.
    static let refusals: [(ModelSignature, Int, shape: String?, dataType: String?, String)] = [
        (Formats.one(.fp32, [-1, 4]), 0, nil, nil, "malformed_body: the body is empty"),
        (
            Formats.one(.fp32, [-1, 4]), 40, nil, nil,
            "invalid_input: input \"X\" (FP32[-1,4]): the body's 40 bytes are 2 times the 16 bytes of one row, and 8 more"
        ),
        (
            Formats.one(.fp32, [4, -1]), 20, nil, nil,
            "invalid_input: input \"X\" (FP32[4,-1]): the body's 20 bytes are 1 times the 16 bytes of one "
                + "step of dimension 1, and 4 more"
        ),
        (
            Formats.one(.fp32, [2, 2]), 12, nil, nil,
            "invalid_input: input \"X\": FP32[2,2] takes 16 bytes, but the body has 12"
        ),
        (
            Formats.one(.fp32, [-1, -1]), 16, nil, nil,
            "invalid_input: input \"X\" (FP32[-1,-1]) leaves more than one dimension open, so 16 bytes don't tell its "
                + "shape; say it in the Sluice-Shape header, e.g. Sluice-Shape: 1,512"
        ),
        (
            Formats.one(.fp32, nil), 16, nil, nil,
            "invalid_input: input \"X\" (FP32[any rank]) leaves more than one dimension open, so 16 bytes don't tell its "
                + "shape; say it in the Sluice-Shape header, e.g. Sluice-Shape: 1,4"
        ),
        (
            Formats.one(.fp32, [-1, 0]), 16, nil, nil,
            "invalid_input: input \"X\" (FP32[-1,0]) has no elements, so a body can't tell its shape"
        ),
        (
            Formats.one(.fp32, nil), 16, "1,3", nil,
            "invalid_input: input \"X\": FP32[1,3] takes 12 bytes, but the body has 16"
        ),
        (
            Formats.one(.fp32, nil), 16, "9223372036854775807", nil,
            "invalid_input: input \"X\": FP32[9223372036854775807] takes too many bytes, but the body has 16"
        ),
        (
            Formats.one(.fp32, [-1, 4]), 16, "4,1", nil,
            "invalid_input: input \"X\": expected FP32[-1,4], got FP32[4,1]; dimension 1 must be 4"
        ),
        (
            Formats.one(.fp32, nil), 16, "1;4", nil,
            "malformed_request: Sluice-Shape \"1;4\" is no shape; write dimensions like 1,512"
        ),
        (
            Formats.one(.fp32, nil), 16, "-1,4", nil,
            "malformed_request: Sluice-Shape \"-1,4\" is no shape; write dimensions like 1,512"
        ),
        (
            Formats.one(.fp32, nil), 16, "1,,4", nil,
            "malformed_request: Sluice-Shape \"1,,4\" is no shape; write dimensions like 1,512"
        ),
        (
            Formats.one(.fp32, nil), 16, "4294967296,4294967296", nil,
            "malformed_request: Sluice-Shape \"4294967296,4294967296\" is no shape; write dimensions like 1,512"
        ),
        (
            Formats.one(.fp32, [-1]), 16, nil, "FP64",
            "invalid_input: Sluice-Datatype is FP64, but input \"X\" is FP32[-1]"
        ),
        (
            Formats.one(.fp32, [-1]), 16, nil, "float",
            "malformed_request: Sluice-Datatype \"float\" is no data type; there are BOOL, UINT8, UINT16, UINT32, UINT64, "
                + "INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES"
        ),
        (
            Formats.one(.bytes, [2]), 16, nil, nil,
            "invalid_input: input \"X\": a raw body is one BYTES element, but the shape is [2]; send JSON"
        ),
        (
            Formats.people, 16, nil, nil,
            "invalid_input: a raw body carries one input, but the model has 3: \"age\", \"height\", \"name\"; "
                + "send JSON or XML"
        ),
    ]

    @Test(arguments: refusals)
    func saysWhatIsWrong(
        _ signature: ModelSignature, _ count: Int, _ shape: String?, _ dataType: String?, _ error: String
    ) {
        let zeros = repeatElement(0 as UInt8, count: count)
        #expect(Formats.failure(zeros, as: Self.octets, for: signature, shape: shape, dataType: dataType) == error)
    }

    @Test func aByteThatIsNoTruthValueIsRefused() {
        #expect(
            Formats.failure([0, 1, 2], as: Self.octets, for: Formats.one(.bool, [-1]))
                == "invalid_input: input \"X\": element 2 is the byte 2; a BOOL is 0 or 1")
    }

    @Test func whatIsQuotedCannotBreakALineAndIsCut() {
        let shape = "1\n\u{202E}\"" + String(repeating: "é", count: 100)
        let shown = #""1\x0A\x202E""# + String(repeating: "é", count: 60) + "…\""
        #expect(
            Formats.failure([0], as: Self.octets, for: Formats.one(.uint8, nil), shape: shape)
                == "malformed_request: Sluice-Shape \(shown) is no shape; write dimensions like 1,512")
    }

    @Test func randomShapesNeverCrash() {
        var random = SeededGenerator(seed: 5)
        let characters = Array("0123456789,,  -+xé[]")
        for _ in 0..<10_000 {
            let shape = String(
                (0..<Int.random(in: 0...12, using: &random)).map { _ in characters.randomElement(using: &random) ?? "0"
                })
            let zeros = repeatElement(0 as UInt8, count: Int.random(in: 1...16, using: &random))
            do throws(SluiceError) {
                let tensors = try Formats.decode(zeros, as: Self.octets, for: Formats.one(.uint8, nil), shape: shape)
                #expect(tensors[0].elementCount == zeros.count)
            } catch {
                #expect(error.code.httpStatus == 400)
            }
        }
    }
}
