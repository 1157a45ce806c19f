import Codecs
import Tensors
import Testing

@Suite struct SafetensorsTests {
    private static let type = "application/x-safetensors"
    private static let matrix = Formats.one(.fp32, [-1, 3])

    /// The types of the corpus and what they are here.
    static let types: [(code: String, type: DataType)] = [
        ("u1", .uint8), ("u2", .uint16), ("u4", .uint32), ("u8", .uint64), ("i1", .int8), ("i2", .int16),
        ("i4", .int32), ("i8", .int64), ("f2", .fp16), ("f4", .fp32), ("f8", .fp64), ("b1", .bool), ("bf16", .bf16),
    ]

    @Test func everyTypeIsRead() throws {
        let specs = Self.types.map { TensorSpec(name: $0.code, dataType: $0.type, shape: [-1, 3]) }
        let wide = Self.types.map { TensorSpec(name: $0.code, dataType: .fp64, shape: [-1, 3]) }
        let body = try Formats.corpus("safetensors/types.safetensors")
        let own = try Formats.decode(body, as: Self.type, for: ModelSignature(inputs: specs, outputs: []))
        #expect(own.map(\.dataType) == Self.types.map(\.type))
        for tensor in try Formats.decode(body, as: Self.type, for: ModelSignature(inputs: wide, outputs: [])) {
            let expected: [Double] =
                tensor.name == "b1"
                ? [0, 1, 0, 1, 0, 1] : (0..<6).map { Double($0 - (tensor.name.hasPrefix("u") ? 0 : 3)) }
            #expect(tensor.shape == [2, 3])
            #expect(tensor.elements(as: Double.self) == expected, "\(tensor.name)")
        }
    }

    @Test func tensorsAreFoundByTheirNamesInAnyOrder() throws {
        var people = Formats.people
        people.inputs.removeLast()
        let tensors = try Formats.decode(
            Formats.corpus("safetensors/people.safetensors"), as: Self.type, for: people)
        #expect(tensors.map(\.name) == ["age", "height"])
        #expect(tensors[0].elements(as: Int8.self) == [41, 7])
        #expect(tensors[1].elements(as: Double.self) == [1.8, 1.2])
    }

    @Test func aRowMayLackItsFirstDimension() throws {
        let body = Self.file(
            #"{"X":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: [0, 0, 128, 63, 0, 0, 0, 64])
        let tensors = try Formats.decode(body, as: Self.type, for: Formats.one(.fp32, [-1, 2]))
        #expect(tensors[0].shape == [1, 2] && tensors[0].elements(as: Float.self) == [1, 2])
    }

    @Test func whatLiesAtAMultipleOf64IsNotCopied() throws {
        let header = #"{"X":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}"#
        let body = Formats.body(
            Self.file(
                header + String(repeating: " ", count: 56 - header.utf8.count), data: Array(repeating: 0, count: 64)))
        let facts = CodecRegistry.RequestFacts(contentType: Self.type)
        let tensor = try CodecRegistry().decode(body, facts: facts, signature: Formats.one(.fp32, [16])).inputs[0]
        #expect(tensor.storage === body.storage)
    }

    /// A file of any header.
    private static func file(_ header: String, data: [UInt8] = [], length: Int? = nil) -> [UInt8] {
        withUnsafeBytes(of: UInt64(length ?? header.utf8.count)) { Array($0) } + Array(header.utf8) + data
    }

    private static func one(_ entry: String, data: [UInt8] = [0, 0, 0, 0]) -> [UInt8] {
        file("{\"X\":{\(entry)}}", data: data)
    }

    private static let header = "malformed_body: the safetensors header can't be read:"
    private static let four = [UInt8](repeating: 0, count: 4)

    static let refusals: [Refusal] = [
        Refusal([1, 2, 3], matrix, "\(header) the file has 3 bytes"),
        Refusal(
            file("", length: 1 << 40), matrix,
            "\(header) it says it has 1099511627776 bytes; at most 1048576 are read"),
        Refusal(
            file("", length: Int.max), matrix,
            "\(header) it says it has 9223372036854775807 bytes; at most 1048576 are read"),
        Refusal(file("{}", length: 3), matrix, "\(header) it says it has 3 bytes, but 2 are there"),
        Refusal(file(" {}"), matrix, "\(header) it doesn't begin with {"),
        Refusal(
            file("{"), matrix,
            "\(header) invalid JSON at line 1, column 2 (byte 1): expected a key or '}', but the text ends"),
        Refusal(
            file(#"{"X":{}}"#), matrix,
            "\(header) tensor \"X\" needs a dtype, a shape and two data_offsets (line 1, column 8)"),
        Refusal(
            one(#""dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1"#), matrix,
            "\(header) tensor \"X\" has the key \"x\"; there are dtype, shape and data_offsets, each once (line 1, column 58)"
        ),
        Refusal(
            one(#""dtype":"F32","shape":[1.5],"data_offsets":[0,4]"#), matrix,
            "\(header) a whole number from 0 on is expected (line 1, column 33)"),
        Refusal(
            one(#""dtype":"F32","shape":[-1],"data_offsets":[0,4]"#), matrix,
            "\(header) a whole number from 0 on is expected (line 1, column 32)"),
        Refusal(
            one(#""dtype":"F32","shape":[1],"data_offsets":[0,4,8]"#), matrix,
            "\(header) there are more than 2 numbers (line 1, column 53)"),
        Refusal(
            one(#""dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]"#), matrix,
            "invalid_input: tensor \"X\" is of type \"F8_E4M3\", which is not read here; there are BOOL, U8, U16, U32, "
                + "U64, I8, I16, I32, I64, F16, BF16, F32, F64"),
        Refusal(
            one(#""dtype":"F32","shape":[2],"data_offsets":[0,4]"#), matrix,
            "\(header) tensor \"X\" is F32[2], which takes 8 bytes, but its data_offsets are [0,4]"),
        Refusal(
            one(#""dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]"#), matrix,
            "\(header) tensor \"X\" is F32[4611686018427387904,4], which takes too many bytes, but its data_offsets are "
                + "[0,4]"),
        Refusal(
            one(#""dtype":"F32","shape":[1],"data_offsets":[4,0]"#), matrix,
            "\(header) tensor \"X\" is F32[1], which takes 4 bytes, but its data_offsets are [4,0]"),
        Refusal(
            one(#""dtype":"F32","shape":[1],"data_offsets":[9223372036854775803,9223372036854775807]"#), matrix,
            "malformed_body: safetensors: tensor \"X\", from byte 9223372036854775803 on, has a hole before it"),
        Refusal(
            one(#""dtype":"F32","shape":[1],"data_offsets":[4,8]"#, data: four + four), matrix,
            "malformed_body: safetensors: tensor \"X\", from byte 4 on, has a hole before it"),
        Refusal(
            one(#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#, data: four + four), matrix,
            "malformed_body: safetensors: the tensors take 4 bytes, but 8 follow the header"),
        Refusal(
            one(#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#, data: []), matrix,
            "malformed_body: safetensors: the tensors take 4 bytes, but 0 follow the header"),
        Refusal(
            file(
                #"{"X":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"Y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
                data: four), matrix, "malformed_body: safetensors: tensor \"Y\", from byte 2 on, overlaps another"),
        Refusal(
            file(#"{"X":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"X":{}}"#), matrix,
            "\(header) the key \"X\" stands twice (line 1, column 58)"),
        Refusal(
            file(#"{"__metadata__":{"a":1}}"#), matrix,
            "\(header) invalid JSON at line 1, column 22 (byte 21): expected a string, found '1'"),
        Refusal(
            file(#"{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, data: four), matrix,
            "invalid_input: the safetensors body has \"x\", but the model has no such input; did you mean \"X\"?"),
        Refusal(
            file("{}"), matrix, "invalid_input: input \"X\" (FP32[-1,3]) is missing; the safetensors body has nothing"),
        Refusal(
            one(#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#), Formats.one(.bytes, [-1]),
            "invalid_input: input \"X\" (BYTES[-1]) takes strings, which safetensors doesn't have; send JSON or npz"),
        Refusal(
            one(#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#, data: [0, 0, 192, 63]), Formats.one(.int8, [1]),
            "invalid_input: input \"X\": element [0] of the tensor is 1.5, which INT8 can't hold exactly"),
    ]

    @Test(arguments: refusals)
    func refuses(_ refusal: Refusal) {
        #expect(Formats.failure(refusal.body, as: Self.type, for: refusal.signature) == refusal.error)
    }

    @Test func answersAreReadBackWithTheWidestFirst() throws {
        let tensors = [
            try Tensor(name: "flags", dataType: .bool, shape: [3], copying: [1, 0, 1] as [UInt8]),
            try Tensor(name: "scores", dataType: .fp64, shape: [1, 2], copying: [0.5, .infinity] as [Double]),
            try Tensor(name: "half", dataType: .bf16, shape: [], copying: [0x3F80] as [UInt16]),
        ]
        var facts = CodecRegistry.AnswerFacts(model: "m", version: "1", id: "r")
        facts.parameters = [.init("seconds", .double(1.5)), .init("id", .string("x"))]
        let body = try CodecRegistry().encode(tensors, as: .safetensors, facts: facts)
        let bytes = Formats.bytes(of: body)
        let length = Int(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
        #expect((length + 8) % 64 == 0)
        let header = String(decoding: bytes[8..<(8 + length)], as: UTF8.self)
        #expect(
            header.hasPrefix(
                #"{"__metadata__":{"model":"m","version":"1","id":"r","seconds":"1.5"},"scores":{"dtype":"F64","shape":[1,2],"#
                    + #""data_offsets":[0,16]},"half":{"dtype":"BF16","shape":[],"data_offsets":[16,18]},"#
                    + #""flags":{"dtype":"BOOL","shape":[3],"data_offsets":[18,21]}}"#))
        let specs = tensors.map { TensorSpec(name: $0.name, dataType: $0.dataType, shape: $0.shape) }
        let back = try Formats.decode(bytes, as: Self.type, for: ModelSignature(inputs: specs, outputs: []))
        for (one, other) in zip(tensors, back) {
            #expect(one.withBytes { Array($0) } == other.withBytes { Array($0) })
        }
    }

    @Test func stringsAreNotAcceptable() throws {
        let tensor = try Tensor(name: "label", shape: [1], strings: ["a"])
        let facts = CodecRegistry.AnswerFacts(model: "m", version: "1", id: "r")
        let error = #expect(throws: SluiceError.self) {
            try CodecRegistry().encode([tensor], as: .safetensors, facts: facts)
        }
        #expect(error?.code == .notAcceptable)
    }

    @Test func mutatedFilesNeverCrash() throws {
        var mutations = Mutations(
            of: [
                try Formats.corpus("safetensors/x.safetensors"), try Formats.corpus("safetensors/people.safetensors"),
            ],
            seed: 21)
        mutations.check(20_000, as: Self.type, for: Self.matrix)
    }
}
