import Tensors
import Testing

@testable import Codecs

@Suite("Plain JSON documents")
struct JSONCodecTests {
    private let codec = JSONCodec()

    private func decode(_ text: String, _ signature: ModelSignature) throws -> CodecRegistry.Decoded {
        try codec.decode(RequestBody(text), signature: signature)
    }

    static let oneRow = """
        {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
        """

    /// One row of the same flower in every form of the document.
    @Test(arguments: [
        "[[5.1,3.5,1.4,0.2]]", "[5.1,3.5,1.4,0.2]", " [ [ 5.1 , 3.5 ,\t1.4 ,\r\n 0.2 ] ] \n", "[\(oneRow)]", oneRow,
        #"[{"petal_width": 0.2, "sepal_length": 5.1, "petal_length": 1.4, "sepal_width": 3.5}]"#,
        #"{"X": [[5.1,3.5,1.4,0.2]]}"#, #"{"X": [5.1,3.5,1.4,0.2]}"#, #"[{"X": [5.1,3.5,1.4,0.2]}]"#,
        #"{"sepal_length":[5.1],"petal_length":[1.4],"sepal_width":[3.5],"petal_width":[0.2]}"#,
        #"{"instances": [[5.1,3.5,1.4,0.2]]}"#, #"{"rows": [\#(oneRow)]}"#, #"{"inputs": {"X": [[5.1,3.5,1.4,0.2]]}}"#,
        #"{"inputs": \#(oneRow)}"#, #"{"inputs": [\#(oneRow)]}"#, #"{"inputs": [[5.1,3.5,1.4,0.2]]}"#,
        #"{"inputs": [{"name":"X","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}]}"#,
        #"{"\u0058": [[5.1e0,35E-1,14e-1,0.02e+1]]}"#,
    ])
    func everyFormGivesTheSameRow(text: String) throws {
        let inputs = try decode(text, Models.iris).inputs
        #expect(inputs.count == 1)
        #expect(inputs[0].name == "X")
        #expect(inputs[0].shape == [1, 4])
        #expect(inputs[0].elements(as: Float.self) == [5.1, 3.5, 1.4, 0.2])
    }

    @Test func columnsAreJoinedRowByRow() throws {
        let text = #"""
            {"petal_width":[4,8],"sepal_length":[1,5],"sepal_width":[2,6],"petal_length":[3,7],"id":"a"}
            """#
        let decoded = try decode(text, Models.iris)
        #expect(decoded.inputs[0].shape == [2, 4])
        #expect(decoded.inputs[0].elements(as: Float.self) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(decoded.id == "a")
    }

    @Test func columnsOfTextAreJoinedRowByRow() throws {
        var signature = Models.single(.bytes, [-1, 2], batching: .concat)
        signature.inputs[0].columns = ["a", "b"]
        let columns = try decode(#"{"b":["y","w"],"a":["x","longer \"text\""]}"#, signature).inputs[0]
        #expect(columns.strings == ["x", "y", "longer \"text\"", "w"])
        let rows = try decode(#"[{"b":"y","a":"x"},{"a":{"b64":"enp6"},"b":"w"}]"#, signature).inputs[0]
        #expect(rows.shape == [2, 2])
        #expect(rows.strings == ["x", "y", "zzz", "w"])
    }

    @Test(arguments: [
        #"{"age": 42, "text": "hello", "embedding": [1, 2, 3]}"#,
        #"{"age": [42], "text": ["hello"], "embedding": [[1, 2, 3]]}"#,
        #"[{"text": "hello", "embedding": [1, 2, 3], "age": 42}]"#,
        #"{"instances": [{"age": [42], "text": "hello", "embedding": [1, 2, 3]}]}"#,
    ])
    func inputsAreNamed(text: String) throws {
        let inputs = try decode(text, Models.mixed).inputs
        #expect(inputs.map(\.name) == ["age", "text", "embedding"])
        #expect(inputs.map(\.shape) == [[1, 1], [1], [1, 3]])
        #expect(inputs[0].elements(as: Int64.self) == [42])
        #expect(inputs[1].strings == ["hello"])
        #expect(inputs[2].elements(as: Double.self) == [1, 2, 3])
    }

    @Test func everythingBesidesTheDataIsKept() throws {
        let decoded = try decode(
            #"""
            {"parameters": {"t": 0.5, "n": -3, "big": 18446744073709551615, "on": true, "s": "x"},
             "outputs": ["label"], "id": "r-1", "rows": [[1,2,3,4]]}
            """#, Models.iris)
        #expect(
            decoded.parameters == [
                .init("t", .double(0.5)), .init("n", .integer(-3)), .init("big", .unsigned(.max)),
                .init("on", .bool(true)), .init("s", .string("x")),
            ])
        #expect(decoded.wantedOutputs == ["label"])
        #expect(decoded.id == "r-1")
    }

    @Test func openInferenceDocumentKeepsWhatItSays() throws {
        let decoded = try decode(
            #"""
            {"id":"q","parameters":{"sequence_id":7,"sequence_start":true,"priority":2,"timeout":5,"k":1},
             "inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"label"}]}
            """#, Models.iris)
        #expect(decoded.id == "q")
        #expect(decoded.wantedOutputs == ["label"])
        #expect(
            decoded.parameters == [
                .init("k", .integer(1)), .init("sequence_id", .string("7")), .init("sequence_start", .bool(true)),
                .init("priority", .unsigned(2)), .init("timeout", .unsigned(5)),
            ])
    }

    @Test func inputMayBeNamedAsTheDocumentsOwnKeys() throws {
        var signature = Models.single(.int32, [-1, 2], batching: .concat)
        for name in ["instances", "rows", "id", "inputs", "parameters", "b64"] {
            signature.inputs[0].name = name
            #expect(try decode("{\"\(name)\": [[1,2],[3,4]]}", signature).inputs[0].shape == [2, 2])
        }
        signature.inputs[0].name = "inputs"
        #expect(try decode(#"{"inputs": {"inputs": [[1,2]]}}"#, signature).inputs[0].shape == [1, 2])
    }

    /// Declared shape, document, shape read.
    @Test(
        arguments: [
            ([-1], "5", [1]), ([-1], "[5,6]", [2]), ([-1, 1], "5", [1, 1]), ([-1, 1], "[5,6]", [2, 1]),
            ([-1, 3], "[1,2,3]", [1, 3]), ([-1, -1], "[1,2]", [1, 2]), ([-1, 2, 1], "[[1,2],[3,4]]", [2, 2, 1]),
            ([-1, 2, 2], "[[1,2],[3,4]]", [1, 2, 2]), ([1, 2], "[1,2]", [1, 2]), ([2], "[1,2]", [2]),
            ([2], "[[1,2]]", [2]),
            ([], "5", []), ([-1], "[]", [0]), ([1, 1, 1], "7", [1, 1, 1]), ([2, 0], "[[],[]]", [2, 0]),
        ] as [([Int], String, [Int])])
    func dimensionsOfOneMayBeLeftOut(declared: [Int], text: String, shape: [Int]) throws {
        #expect(try decode(text, Models.single(.int32, declared)).inputs[0].shape == shape)
    }

    @Test func anyRankIsTakenAsItComes() throws {
        #expect(try decode("[[[1],[2]],[[3],[4]]]", Models.single(.uint8, nil)).inputs[0].shape == [2, 2, 1])
    }

    @Test func stringsAreUnescaped() throws {
        let text = #"["", "a\"b\\c\/d\b\f\n\r\t", "\u00e9\u20AC\ud83d\ude00", "é€😀", {"b64": "/wA="}, "\u0000"]"#
        let tensor = try decode(text, Models.single(.bytes, [-1])).inputs[0]
        #expect(tensor.strings[..<4] == ["", "a\"b\\c/d\u{8}\u{c}\n\r\t", "é€😀", "é€😀"])
        #expect(tensor.withElement(4) { Array($0) } == [0xFF, 0x00])
        #expect(tensor.strings[5] == "\0")
        #expect(try decode(#"{"b64":"aGk="}"#, Models.single(.bytes, [1])).inputs[0].strings == ["hi"])
    }

    @Test func tensorIsAlignedForThePlugin() throws {
        let numbers = (0..<1000).map { "\($0)" }.joined(separator: ",")
        let tensor = try decode("[[\(numbers)]]", Models.single(.int64, [-1, 1000], batching: .concat)).inputs[0]
        #expect(tensor.elements(as: Int64.self) == Array(0..<1000))
        #expect(tensor.withBytes { UInt(bitPattern: $0.baseAddress) % 64 } == 0)
    }

    // MARK: Answers

    private let facts = CodecRegistry.AnswerFacts(model: "iris", version: "1", id: "r-1")

    @Test func answerIsNestedByShape() throws {
        let label = try Tensor(name: "label", shape: [2], strings: ["setosa", "a\"b"])
        let probabilities = try Tensor(
            name: "p", dataType: .fp32, shape: [2, 2], copying: [0.1, 0.9, 1, 0] as [Float])
        let body = try codec.encode([label, probabilities], facts: facts)
        #expect(body.mediaType == "application/json")
        #expect(
            body.text == #"""
                {"model":"iris","version":"1","id":"r-1","outputs":{"label":["setosa","a\"b"],"p":[[0.1,0.9],[1,0]]}}
                """#)
    }

    @Test func lineOfAStreamEndsInALineFeed() throws {
        var facts = facts
        facts.parameters = [.init("n", .integer(1)), .init("s", .string("\u{1}")), .init("d", .double(0.5))]
        let body = try codec.encodeLine([], facts: facts)
        #expect(body.mediaType == "application/x-ndjson")
        #expect(
            body.text
                == #"{"model":"iris","version":"1","id":"r-1","outputs":{},"parameters":{"n":1,"s":"\u0001","d":0.5}}"#
                + "\n")
    }

    @Test func scalarsEmptyArraysAndBytesAreWritten() throws {
        let scalar = try Tensor(name: "s", dataType: .int8, shape: [], copying: [Int8(-5)])
        let empty = try Tensor(name: "e", dataType: .fp32, shape: [0, 3], copying: [] as [Float])
        let flags = try Tensor(name: "b", dataType: .bool, shape: [1, 2], copying: [1, 0] as [UInt8])
        let raw = try Tensor(
            name: "r", bytesOf: [1], data: ([0xFF, 0xFE] as [UInt8]).withUnsafeBytes { TensorStorage.copy(of: $0) },
            offsets: ([0, 2] as [Int64]).withUnsafeBytes { TensorStorage.copy(of: $0) })
        let text = try codec.encode([scalar, empty, flags, raw], facts: facts).text
        #expect(text.contains(#""outputs":{"s":-5,"e":[],"b":[[true,false]],"r":[{"b64":"//4="}]}"#))
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func answerThatIsNoNumberIsRefused(value: Double) throws {
        let tensor = try Tensor(name: "y", dataType: .fp64, shape: [3], copying: [0, 1, value])
        let error = #expect(throws: SluiceError.self) { try codec.encode([tensor], facts: facts) }
        #expect(error?.code == .notAcceptable)
        #expect(
            error?.message
                == "output \"y\", element 3: JSON has no NaN and no infinity; ask for text/csv or application/x-npy")
    }

    @Test(arguments: DataType.allCases)
    func everyDataTypeRoundTrips(dataType: DataType) throws {
        let (tensor, _) = try ElementReaderTests.example(of: dataType)
        var writer = JSONWriter()
        writer.elements(of: tensor)
        let signature = Models.single(dataType, [-1])
        let back = try codec.decode(RequestBody(writer.bytes), signature: signature).inputs[0]
        #expect(back.withBytes { Array($0) } == tensor.withBytes { Array($0) })
    }

    // MARK: Samples

    @Test func sampleIsAccepted() throws {
        var signatures = [Models.iris, Models.mixed, Models.single(.fp32, nil), Models.single(.bytes, [])]
        signatures += DataType.allCases.map { Models.single($0, [-1, 2, -1], batching: .list) }
        for signature in signatures {
            let sample = try #require(codec.sample(for: signature))
            #expect(throws: Never.self) {
                try codec.decode(RequestBody(sample.flattened), signature: signature)
            }
        }
        #expect(codec.sample(for: Models.iris)?.text.hasPrefix(#"{"rows":[{"sepal_length":0.5,"#) == true)
        #expect(codec.sample(for: Models.single(.fp32, [-1, 3, 224, 224])) == nil)
    }
}
