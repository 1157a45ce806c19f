import Codecs
import Tensors
import Testing

@Suite struct TensorProtoTests {
    private static let type = "application/x-protobuf"
    private static let matrix = Formats.one(.fp32, [-1, 3])

    @Test(arguments: SafetensorsTests.types.flatMap { [($0.code, "raw"), ($0.code, "typed")] })
    func everyTypeIsReadFromBothPlaces(_ code: String, _ place: String) throws {
        let body = try Formats.corpus("tensorproto/\(code)_\(place).pb")
        let own = try #require(SafetensorsTests.types.first { $0.code == code }?.type)
        #expect(try Formats.decode(body, as: Self.type, for: Formats.one(own, [-1, 3]))[0].dataType == own)
        let tensor = try Formats.decode(body, as: Self.type, for: Formats.one(.fp64, [-1, 3]))[0]
        let expected: [Double] =
            code == "b1" ? [0, 1, 0, 1, 0, 1] : (0..<6).map { Double($0 - (code.hasPrefix("u") ? 0 : 3)) }
        #expect(tensor.shape == [2, 3])
        #expect(tensor.elements(as: Double.self) == expected)
    }

    @Test func stringsAreRead() throws {
        let body = try Formats.corpus("tensorproto/text.pb")
        for type in [Self.type, "application/protobuf; type=onnx.TensorProto"] {
            #expect(
                try Formats.decode(body, as: type, for: Formats.one(.bytes, [-1]))[0].strings == [
                    "setosa", "größe", "日本", "",
                ])
        }
    }

    /// A field's tag and value.
    private static func varint(_ field: UInt8, _ value: UInt8) -> [UInt8] { [field << 3, value] }
    private static func bytes(_ field: UInt8, _ value: [UInt8]) -> [UInt8] {
        [field << 3 | 2, UInt8(value.count)] + value
    }

    static let refusals: [Refusal] = [
        Refusal([8, 1], matrix, "invalid_input: the TensorProto has no data_type; the body may be another message"),
        Refusal(varint(2, 14), matrix, "invalid_input: TensorProtos of type COMPLEX64 are not read here"),
        Refusal(varint(2, 99), matrix, "invalid_input: TensorProtos of type number 99 are not read here"),
        Refusal(
            varint(2, 1) + bytes(13, []), matrix,
            "invalid_input: the TensorProto keeps its elements in another file; send the elements in the message"),
        Refusal(
            varint(14, 1), matrix,
            "invalid_input: the TensorProto keeps its elements in another file; send the elements in the message"),
        Refusal(
            bytes(3, []), matrix,
            "invalid_input: the TensorProto is one segment of a tensor; send the elements in the message"),
        Refusal(
            varint(9, 1), matrix,
            "malformed_body: the message is malformed: field 9 of another type than TensorProto's at byte 1"),
        Refusal(
            [0x0A, 5, 1], matrix,
            "malformed_body: the message is malformed: a length of 5 where 1 bytes are left at byte 2"),
        Refusal(
            [0x08] + Array(repeating: 0xFF, count: 9) + [1] + varint(2, 1), matrix,
            "malformed_body: the TensorProto's dims are no shape of at most 64 dimensions"),
        Refusal(
            (0..<65).flatMap { _ in varint(1, 1) }, matrix,
            "malformed_body: the TensorProto's dims are no shape of at most 64 dimensions"),
        Refusal(
            bytes(1, Array(repeating: [0x80, 0x80, 0x80, 0x80, 0x10], count: 3).flatMap { $0 }) + varint(2, 1), matrix,
            "malformed_body: the TensorProto's shape [4294967296,4294967296,4294967296] is larger than any body"),
        Refusal(
            varint(1, 3) + varint(2, 1) + bytes(9, [0, 0, 0, 0]), matrix,
            "malformed_body: the TensorProto is FP32[3], but its raw_data has 4 bytes"),
        Refusal(
            varint(1, 3) + varint(2, 1) + bytes(4, [0, 0, 0, 0]), matrix,
            "malformed_body: the TensorProto is FP32[3], which takes 3 elements, but it has 1"),
        Refusal(
            varint(1, 3) + varint(2, 1) + bytes(4, [0, 0, 0]), matrix,
            "malformed_body: the message is malformed: a number that is cut off at byte 0"),
        Refusal(
            varint(1, 1) + varint(2, 1) + bytes(4, [0, 0, 0, 0]) + bytes(9, [0, 0, 0, 0]), matrix,
            "malformed_body: the TensorProto has elements in other fields than FP32's own, or in two"),
        Refusal(
            varint(1, 1) + varint(2, 1) + bytes(5, [1]), matrix,
            "malformed_body: the TensorProto has elements in other fields than FP32's own, or in two"),
        Refusal(
            varint(1, 1) + varint(2, 3) + bytes(5, [0x80, 1]), matrix,
            "malformed_body: the TensorProto holds the number 128, which INT8 can't hold"),
        Refusal(
            varint(1, 1) + varint(2, 9) + bytes(5, [2]), matrix,
            "malformed_body: the TensorProto holds the number 2, which BOOL can't hold"),
        Refusal(
            varint(1, 1) + varint(2, 1) + bytes(4, [0, 0, 0, 0]) + bytes(8, Array("Y".utf8)), matrix,
            "invalid_input: the TensorProto is named \"Y\", but the input \"X\""),
        Refusal(
            varint(1, 1) + varint(2, 8) + bytes(6, []), matrix,
            "invalid_input: input \"X\" (FP32[-1,3]) takes numbers, but the TensorProto holds BYTES"),
        Refusal(
            varint(1, 1) + varint(2, 1) + bytes(4, [0, 0, 0, 0]), Formats.people,
            "invalid_input: a TensorProto carries one input, but the model has 3: \"age\", \"height\", \"name\"; send JSON or XML"
        ),
    ]

    @Test(arguments: refusals)
    func refuses(_ refusal: Refusal) {
        #expect(Formats.failure(refusal.body, as: Self.type, for: refusal.signature) == refusal.error)
    }

    @Test func otherMessagesAreRefusedByTheirName() {
        #expect(
            Formats.failure([1], as: "application/x-protobuf; proto=onnx.ModelProto", for: Self.matrix)
                == "unsupported_media_type: application/x-protobuf of type \"onnx.ModelProto\" is not read here; "
                + "onnx.TensorProto is")
    }

    @Test func answersAreReadBack() throws {
        let facts = CodecRegistry.AnswerFacts(model: "m", version: "1", id: "r")
        let tensors = [
            try Tensor(name: "X", dataType: .int16, shape: [2, 1], copying: [-7, 300] as [Int16]),
            try Tensor(name: "X", shape: [2], strings: ["", "größe"]),
            try Tensor(name: "X", dataType: .bf16, shape: [], copying: [0x3F80] as [UInt16]),
        ]
        for tensor in tensors {
            let bytes = Formats.bytes(of: try CodecRegistry().encode([tensor], as: .protobuf, facts: facts))
            let back = try Formats.decode(bytes, as: Self.type, for: Formats.one(tensor.dataType, tensor.shape))[0]
            #expect(back.withBytes { Array($0) } == tensor.withBytes { Array($0) })
        }
        let error = #expect(throws: SluiceError.self) {
            try CodecRegistry().encode(tensors, as: .protobuf, facts: facts)
        }
        #expect(error?.code == .notAcceptable)
    }

    @Test func mutatedMessagesNeverCrash() throws {
        let files = SafetensorsTests.types.flatMap {
            ["tensorproto/\($0.code)_raw.pb", "tensorproto/\($0.code)_typed.pb"]
        }
        var mutations = Mutations(of: try files.map(Formats.corpus), seed: 23)
        mutations.check(20_000, as: Self.type, for: Self.matrix)
    }
}
