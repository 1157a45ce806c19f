import Codecs
import Tensors
import Testing

@Suite struct ArrowTests {
    private static let type = "application/vnd.apache.arrow.stream"
    private static let matrix = Formats.one(.fp32, [-1, 3])

    @Test(arguments: SafetensorsTests.types.filter { $0.code != "bf16" }.map(\.code))
    func everyTypeIsRead(_ code: String) throws {
        let body = try Formats.corpus("arrow/\(code).arrows")
        let tensor = try Formats.decode(body, as: Self.type, for: Formats.one(.fp64, [-1, 3]))[0]
        let expected: [Double] =
            code == "b1" ? [0, 1, 0, 1, 0, 1] : (0..<6).map { Double($0 - (code.hasPrefix("u") ? 0 : 3)) }
        #expect(tensor.shape == [2, 3])
        #expect(tensor.elements(as: Double.self) == expected)
    }

    static let sameTables = [
        "people.arrows", "people_batches.arrows", "people_file.arrow", "people_dictionary.arrows",
        "people_large.arrows",
    ]

    @Test(arguments: sameTables)
    func columnsAreFoundByTheirNames(_ file: String) throws {
        for type in [Self.type, "application/vnd.apache.arrow.file"] {
            let tensors = try Formats.decode(Formats.corpus("arrow/\(file)"), as: type, for: Formats.people)
            #expect(tensors.map(\.name) == ["age", "height", "name"])
            #expect(tensors[0].elements(as: Int8.self) == [41, 7, 1])
            #expect(tensors[1].elements(as: Double.self) == [1.8, 1.2, 0.5])
            #expect(tensors[1].shape == [3, 1])
            #expect(tensors[2].strings == ["Ann", "Bo", "größe"])
        }
    }

    @Test(arguments: ["fixed_list", "list"])
    func listsAreRows(_ file: String) throws {
        let body = try Formats.corpus("arrow/\(file).arrows")
        let tensor = try Formats.decode(body, as: Self.type, for: Self.matrix)[0]
        #expect(tensor.shape == [2, 3])
        #expect(tensor.elements(as: Float.self) == [0, 1, 2, 3, 4, 5])
    }

    @Test func listsInListsAreTensors() throws {
        for (file, count) in [("nested_list", 8), ("tensor", 8)] {
            let body = try Formats.corpus("arrow/\(file).arrows")
            let tensor = try Formats.decode(body, as: Self.type, for: Formats.one(.fp32, [-1, 2, 2]))[0]
            #expect(tensor.shape == [2, 2, 2])
            #expect(tensor.elements(as: Float.self) == (0..<count).map(Float.init))
        }
    }

    @Test func bitsAndBytesAreRead() throws {
        let bits = try Formats.decode(
            Formats.corpus("arrow/bools.arrows"), as: Self.type, for: Formats.one(.bool, [-1]))
        #expect(bits[0].elements(as: UInt8.self) == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
        let bytes = try Formats.decode(
            Formats.corpus("arrow/binary.arrows"), as: Self.type, for: Formats.one(.bytes, [-1]))
        #expect(bytes[0].withBytes { Array($0) } == [0x61, 0xFF, 0])
    }

    @Test func columnsOfUnreadTypesMayStandBesideOthers() throws {
        let body = try Formats.corpus("arrow/views.arrows")
        let tensor = try Formats.decode(body, as: Self.type, for: Formats.one(.fp32, [-1]))[0]
        #expect(tensor.elements(as: Float.self) == [1.5, 2.5, 3.5])
    }

    @Test func nullsAreRefusedOrNotANumber() throws {
        let body = try Formats.corpus("arrow/nulls.arrows")
        let signature = Formats.one(.fp32, [-1, 2])
        #expect(
            Formats.failure(body, as: Self.type, for: signature)
                == "invalid_input: input \"X\", row 2, column \"X_0\": it is null")
        let values = try Formats.decode(body, as: Self.type + "; nulls=nan", for: signature)[0].elements(as: Float.self)
        #expect(values.map(\.isNaN) == [false, false, true, false, false, true])
        #expect(values[0] == 1 && values[3] == 5)
        #expect(
            Formats.failure(body, as: Self.type + "; nulls=nan", for: Formats.one(.int32, [-1, 2]))
                == "invalid_input: input \"X\", row 2, column \"X_0\": it is null")
        #expect(
            Formats.failure(body, as: Self.type + "; nulls=0", for: signature)
                == "malformed_request: Content-Type application/vnd.apache.arrow.stream has nulls=\"0\"; it is \"refused\" or "
                + "\"nan\"")
    }

    static let refusedTables: [(String, ModelSignature, String)] = [
        (
            "compressed.arrows", Formats.people,
            "invalid_input: the Arrow stream's buffers are compressed, which is not read here; write it without compression "
                + "(Content-Encoding: zstd compresses the whole)"
        ),
        (
            "views.arrows",
            ModelSignature(inputs: [TensorSpec(name: "other", dataType: .bytes, shape: [-1])], outputs: []),
            "invalid_input: input \"other\" (BYTES[-1]) can't be made of column \"other\", which is of type string_view; "
                + "cast it to string or binary"
        ),
        (
            "people.arrows",
            ModelSignature(inputs: [TensorSpec(name: "when", dataType: .int64, shape: [-1])], outputs: []),
            "invalid_input: input \"when\" (INT64[-1]) can't be made of column \"when\", which is of type timestamp"
        ),
        (
            "people.arrows",
            ModelSignature(inputs: [TensorSpec(name: "tags", dataType: .fp32, shape: [-1, 2])], outputs: []),
            "invalid_input: input \"tags\" (FP32[-1,2]) can't be made of column \"tags\", which is of type list of string"
        ),
        (
            "people.arrows",
            ModelSignature(inputs: [TensorSpec(name: "height", dataType: .int8, shape: [-1])], outputs: []),
            "invalid_input: input \"height\", row 1, column \"height\": 1.8 is no INT8"
        ),
    ]

    @Test(arguments: refusedTables)
    func refusesTables(_ file: String, _ signature: ModelSignature, _ error: String) throws {
        #expect(Formats.failure(try Formats.corpus("arrow/\(file)"), as: Self.type, for: signature) == error)
    }

    @Test func bodiesThatAreNoStreamsAreRefused() throws {
        let good = try Formats.corpus("arrow/f4.arrows")
        let cases: [([UInt8], String)] = [
            ([1, 2, 3], "the Arrow stream is cut off"),
            (Array("not a stream".utf8), "the body is no Arrow stream: at byte 0 there is no message"),
            (Array(good.prefix(40)), "the Arrow stream is cut off"),
            (Array(good.suffix(8)), "the Arrow stream doesn't begin with a schema"),
            (
                [255, 255, 255, 255, 255, 255, 255, 127],
                "an Arrow message says that its metadata have 2147483647 bytes; at most 16777216 are read"
            ),
            ([255, 255, 255, 255, 4, 0, 0, 0, 255, 255, 255, 127], "the Arrow stream's metadata are malformed"),
        ]
        for (body, error) in cases {
            #expect(Formats.failure(body, as: Self.type, for: Self.matrix) == "malformed_body: \(error)")
        }
    }

    @Test func answersAreReadBack() throws {
        let tensors = [
            try Tensor(name: "label", shape: [2], strings: ["setosa", "größe"]),
            try Tensor(name: "scores", dataType: .fp32, shape: [2, 3], copying: [1, 2, 3, 4, 5, 6] as [Float]),
            try Tensor(name: "maps", dataType: .int16, shape: [2, 2, 1], copying: [1, 2, 3, 4] as [Int16]),
            try Tensor(name: "flags", dataType: .bool, shape: [2], copying: [0, 1] as [UInt8]),
            try Formats.bytes(name: "raw", [[0xFF], []]),
        ]
        var facts = CodecRegistry.AnswerFacts(model: "m", version: "1", id: "r")
        facts.parameters = [.init("seconds", .double(1.5))]
        let bytes = Formats.bytes(of: try CodecRegistry().encode(tensors, as: .arrow, facts: facts))
        let specs = tensors.map { TensorSpec(name: $0.name, dataType: $0.dataType, shape: $0.shape) }
        let back = try Formats.decode(bytes, as: Self.type, for: ModelSignature(inputs: specs, outputs: []))
        for (one, other) in zip(tensors, back) {
            #expect(one.shape == other.shape)
            #expect(one.withBytes { Array($0) } == other.withBytes { Array($0) }, "\(one.name)")
        }
    }

    @Test func outputsOfDifferentRowsAreNotAcceptable() throws {
        let tensors = [
            try Tensor(name: "a", dataType: .int8, shape: [2], copying: [1, 2] as [Int8]),
            try Tensor(name: "b", dataType: .int8, shape: [1], copying: [1] as [Int8]),
        ]
        let facts = CodecRegistry.AnswerFacts(model: "m", version: "1", id: "r")
        let error = #expect(throws: SluiceError.self) { try CodecRegistry().encode(tensors, as: .arrow, facts: facts) }
        #expect(error?.code == .notAcceptable)
    }

    @Test func mutatedStreamsNeverCrash() throws {
        var tables = Mutations(of: try Self.sameTables.map { try Formats.corpus("arrow/\($0)") }, seed: 24)
        tables.check(20_000, as: Self.type, for: Formats.people)
        let files = ["fixed_list", "list", "f4", "f8", "i2"]
        var lists = Mutations(of: try files.map { try Formats.corpus("arrow/\($0).arrows") }, seed: 25)
        lists.check(20_000, as: Self.type + "; nulls=nan", for: Self.matrix)
    }
}
