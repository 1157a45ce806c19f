import Tensors
import Testing

@testable import Codecs

@Suite("Open Inference documents")
struct OpenInferenceCodecTests {
    private let codec = OpenInferenceCodec()

    /// A body of JSON and binary data after it, and the length of the JSON.
    static func body(_ json: String, _ binary: [UInt8]) -> (RequestBody, Int) {
        (RequestBody(Array(json.utf8) + binary), json.utf8.count)
    }

    static func littleEndian<Element: FixedWidthInteger>(_ values: [Element]) -> [UInt8] {
        values.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
    }

    private func decode(_ text: String, _ signature: ModelSignature) throws -> OpenInferenceCodec.Request {
        try codec.decode(RequestBody(text), headerLength: nil, signature: signature)
    }

    // MARK: Requests

    @Test(arguments: [
        #"{"inputs":[{"name":"X","shape":[2,4],"datatype":"FP32","data":[1,2,3,4,5,6,7,8]}]}"#,
        #"{"inputs":[{"name":"X","shape":[2,4],"datatype":"FP32","data":[[1,2,3,4],[5,6,7,8]]}]}"#,
        #"{"inputs":[{"data":[1,2,3,4,5,6,7,8],"shape":[2,4],"datatype":"FP32","name":"X"}]}"#,
        #"{"id":null,"model_name":"m","parameters":null,"outputs":null,"inputs":[{"x":{},"name":"X","shape":[2,4],"datatype":"FP32","data":[1,2,3,4,5,6,7,8]}]}"#,
    ])
    func dataAreFlatOrNestedInAnyOrderOfKeys(text: String) throws {
        let request = try decode(text, Models.iris)
        #expect(request.answer.id == nil)
        #expect(request.answer.outputs.isEmpty)
        #expect(request.inputs[0].shape == [2, 4])
        #expect(request.inputs[0].elements(as: Float.self) == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test func parametersOfTheProtocolAreTakenOut() throws {
        let request = try decode(
            #"""
            {"id":"7","parameters":{"sequence_id":"s","sequence_end":true,"priority":3,"timeout":1500,
             "binary_data_output":true,"mine":"x"},
             "inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],
             "outputs":[{"name":"probabilities","parameters":{"binary_data":false}},{"name":"label"}]}
            """#, Models.iris)
        #expect(request.answer.id == "7")
        #expect(request.parameters == [.init("mine", .string("x"))])
        #expect(request.sequence == Envelope.Sequence(id: "s", isStart: false, isEnd: true))
        #expect(request.priority == 3)
        #expect(request.timeoutNanoseconds == 1_500_000)
        #expect(request.answer.binaryOutput)
        #expect(
            request.answer.outputs == [
                .init(name: "probabilities", isBinary: false), .init(name: "label", isBinary: true),
            ])
    }

    @Test(
        arguments: [
            ("16", true), (" 16\t", true), (#"16,"more":"x""#, true), ("016", false), ("16.0", false), ("1.6e1", false),
            ("-16", false), ("+16", false), ("1", false), ("1600000000", false), ("16000000000000000000000", false),
            (#""16""#, false), ("16x", false), (#"16,"binary_data_size":16"#, false), ("", false), ("16,", false),
        ])
    func sizesAreWholeNumbers(size: String, isRight: Bool) throws {
        let input = #""name":"X","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":\#(size)}"#
        let head = "{\"inputs\":[{\(input)}]}"
        let (body, length) = Self.body(head, [UInt8](repeating: 0, count: 16))
        let inputs = try? codec.decode(body, headerLength: length, signature: Models.iris).inputs
        #expect((inputs?.first?.shape == [1, 4]) == isRight)
    }

    @Test(
        arguments: [
            ("[1,4]", true), ("[ 1 , 4 ]", true), ("[01,4]", false), ("[-1,4]", false), ("[1,4,]", false),
            ("[1 4]", false), ("[10000000000,4]", false), (#"["1",4]"#, false), ("[1x,4]", false),
        ])
    func dimensionsAreWholeNumbers(shape: String, isRight: Bool) throws {
        let text = #"{"inputs":[{"name":"X","shape":\#(shape),"datatype":"FP32","data":[1,2,3,4]}]}"#
        #expect((try? decode(text, Models.iris).inputs.first?.shape) == (isRight ? [1, 4] : nil))
    }

    @Test(
        arguments: [
            ("true", true), ("false", false), (" true ", true), (#"true,"mine":1"#, true), (#""true""#, nil),
            ("1", nil),
            ("truest", nil), (#"true,"binary_data_output":true"#, nil),
        ] as [(String, Bool?)])
    func binaryOutputIsTrueOrFalse(value: String, isBinary: Bool?) {
        let text = """
            {"parameters":{"binary_data_output":\(value)},
             "inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}
            """
        #expect((try? decode(text, Models.iris).answer.binaryOutput) == isBinary)
    }

    @Test func sequenceIdZeroIsNoSequence() throws {
        let text = #"{"parameters":{"sequence_id":0},"inputs":[{"name":"X","shape":[1],"datatype":"INT8","data":[1]}]}"#
        #expect(try decode(text, Models.single(.int8, [-1])).sequence == nil)
    }

    @Test func sixtyFourBitIntegersAreExact() throws {
        let signed = try decode(
            #"{"inputs":[{"name":"X","shape":[3],"datatype":"INT64","data":[-9223372036854775808,9223372036854775807,9007199254740993]}]}"#,
            Models.single(.int64, [-1]))
        #expect(signed.inputs[0].elements(as: Int64.self) == [.min, .max, 9_007_199_254_740_993])
        let unsigned = try decode(
            #"{"inputs":[{"name":"X","shape":[1],"datatype":"UINT64","data":[18446744073709551615]}]}"#,
            Models.single(.uint64, [-1]))
        #expect(unsigned.inputs[0].elements(as: UInt64.self) == [.max])
    }

    @Test func binaryTensorsFollowTheJSON() throws {
        let json = #"""
            {"inputs":[{"name":"age","shape":[2,1],"datatype":"INT64","parameters":{"binary_data_size":16}},
            {"name":"text","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":11}},
            {"name":"embedding","shape":[2,3],"datatype":"FP64","data":[1,2,3,4,5,6]}]}
            """#
        let binary = Self.littleEndian([7, -8] as [Int64]) + [3, 0, 0, 0] + Array("abc".utf8) + [0, 0, 0, 0]
        let (body, length) = Self.body(json, binary)
        let inputs = try codec.decode(body, headerLength: length, signature: Models.mixed).inputs
        #expect(inputs[0].elements(as: Int64.self) == [7, -8])
        #expect(inputs[1].strings == ["abc", ""])
        #expect(inputs[2].elements(as: Double.self) == [1, 2, 3, 4, 5, 6])
    }

    @Test func alignedTensorIsUsedWhereItLies() throws {
        let head = #"{"inputs":[{"name":"X","shape":[4],"datatype":"INT32","parameters":{"binary_data_size":16}}]}"#
        let values = Self.littleEndian([1, 2, 3, 4] as [Int32])
        for (length, isShared) in [(128, true), (129, false)] {
            let json = head + String(repeating: " ", count: length - head.utf8.count)
            let (body, _) = Self.body(json, values)
            let tensor = try codec.decode(body, headerLength: length, signature: Models.single(.int32, [-1])).inputs[0]
            #expect((tensor.storage === body.storage) == isShared)
            #expect(tensor.elements(as: Int32.self) == [1, 2, 3, 4])
            #expect(tensor.withBytes { UInt(bitPattern: $0.baseAddress) % 64 } == 0)
        }
    }

    @Test func bodyMayBeTheTensorAlone() throws {
        let values = Self.littleEndian([1, 2, 3, 4, 5, 6] as [Int32])
        func raw(_ bytes: [UInt8], _ signature: ModelSignature) throws -> OpenInferenceCodec.Request {
            try codec.decode(RequestBody(bytes), headerLength: 0, signature: signature)
        }
        let request = try raw(values, Models.single(.int32, [-1, 2, -1], batching: .concat))
        #expect(request.inputs[0].shape == [1, 2, 3])
        #expect(request.answer.binaryOutput)
        #expect(try raw(values, Models.single(.int32, [3, 2])).inputs[0].shape == [3, 2])
        #expect(
            try raw(Array("jpeg".utf8), Models.single(.bytes, [-1, 1], batching: .list)).inputs[0].strings == ["jpeg"])
    }

    @Test(arguments: [
        (Models.mixed, "a raw binary body needs a model with one input; this one has 3"),
        (
            Models.single(.int32, [-1, -1]),
            "input \"X\" can't be read from a raw binary body: INT32[-1,-1] has 2 free dimensions"
        ),
        (Models.single(.int32, nil), "input \"X\" can't be read from a raw binary body: its shape is not declared"),
        (
            Models.single(.int64, [-1]),
            "input \"X\" can't be read from a raw binary body: 5 bytes don't fill INT64[-1]"
        ),
        (Models.single(.int64, [2]), "input \"X\": INT64 of shape [2] takes 16 bytes, but there are 5"),
        (
            Models.single(.bytes, [2]), "input \"X\" can't be read from a raw binary body: BYTES[2] is not one element"
        ),
    ])
    func bodyThatCanNotBeTheTensorAloneIsRefused(signature: ModelSignature, message: String) {
        let error = #expect(throws: SluiceError.self) {
            try codec.decode(RequestBody([1, 2, 3, 4, 5]), headerLength: 0, signature: signature)
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message == message)
    }

    /// Shape, claimed size, bytes after the JSON, the refusal.
    @Test(
        arguments: [
            (
                "[2]", 8, [1, 0, 0, 0],
                "input \"X\": its \"binary_data_size\" is 8, but only 4 bytes of the body are left"
            ),
            (
                "[1]", 5, [1, 0, 0, 0, 65, 66],
                "1 bytes follow the last binary tensor; the inputs' \"binary_data_size\" account for 5 of 6"
            ),
            ("[1]", 5, [2, 0, 0, 0, 65], "input \"X\": element 1 says it has 2 bytes, but only 1 are left"),
            (
                "[1]", 8, [255, 255, 255, 255, 1, 2, 3, 4],
                "input \"X\": element 1 says it has 4294967295 bytes, but only 4 are left"
            ),
            (
                "[2]", 8, [1, 0, 0, 0, 65, 0, 0, 0],
                "input \"X\": element 2 of 2 has no length: its bytes end too early"
            ),
            ("[1]", 6, [1, 0, 0, 0, 65, 0], "input \"X\": 1 bytes follow the last of 1 elements"),
            (
                "[9223372036854775807]", 4, [0, 0, 0, 0],
                "input \"X\": 4 bytes are too few for BYTES of shape [9223372036854775807]"
            ),
            ("[0]", 4, [0, 0, 0, 0], "input \"X\": 4 bytes follow the last of 0 elements"),
        ] as [(String, Int, [UInt8], String)])
    func brokenBinaryBytesAreRefused(shape: String, size: Int, binary: [UInt8], message: String) {
        let (body, length) = Self.body(
            "{\"inputs\":[{\"name\":\"X\",\"shape\":\(shape),\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":\(size)}}]}",
            binary)
        let error = #expect(throws: SluiceError.self) {
            try codec.decode(body, headerLength: length, signature: Models.single(.bytes, [-1]))
        }
        #expect(error?.code.httpStatus == 400)
        #expect(error?.message == message)
    }

    @Test(arguments: [-1, 3, .max])
    func headerLongerThanTheBodyIsRefused(length: Int) {
        let error = #expect(throws: SluiceError.self) {
            try codec.decode(RequestBody("{}"), headerLength: length, signature: Models.iris)
        }
        #expect(error?.message == "Inference-Header-Content-Length is \(length), but the body has 2 bytes")
    }

    // MARK: Responses

    private func encode(
        _ outputs: [Tensor], binary: Bool = false, wanted: [OpenInferenceCodec.RequestedOutput] = []
    ) throws -> (body: EncodedBody, headerLength: Int?) {
        var request = OpenInferenceCodec.Request(inputs: [])
        request.answer.binaryOutput = binary
        request.answer.outputs = wanted
        return try codec.encode(outputs, as: request.answer, model: "iris", version: "1", parameters: [])
    }

    @Test func answerInJSONIsFlat() throws {
        let tensor = try Tensor(name: "p", dataType: .fp32, shape: [2, 2], copying: [0.1, 0.9, 1, 0] as [Float])
        let label = try Tensor(name: "label", shape: [2], strings: ["a", "b"])
        var form = OpenInferenceCodec.AnswerForm()
        form.id = "9"
        let (body, headerLength) = try codec.encode(
            [tensor, label], as: form, model: "iris", version: "1", parameters: [.init("k", .bool(true))])
        #expect(headerLength == nil)
        #expect(body.mediaType == "application/json")
        #expect(
            body.text == #"""
                {"model_name":"iris","model_version":"1","id":"9","parameters":{"k":true},"outputs":[\#
                {"name":"p","datatype":"FP32","shape":[2,2],"data":[0.1,0.9,1,0]},\#
                {"name":"label","datatype":"BYTES","shape":[2],"data":["a","b"]}]}
                """#)
    }

    @Test func binaryOutputsFollowTheJSONInOrder() throws {
        let tensor = try Tensor(name: "p", dataType: .int16, shape: [2], copying: [1, -1] as [Int16])
        let label = try Tensor(name: "label", shape: [2], strings: ["ab", ""])
        let json = try Tensor(name: "j", dataType: .bool, shape: [1], copying: [1] as [UInt8])
        let (body, headerLength) = try encode(
            [json, label, tensor],
            wanted: [
                .init(name: "p", isBinary: true), .init(name: "j", isBinary: false),
                .init(name: "label", isBinary: true),
            ])
        let head = #"""
            {"model_name":"iris","model_version":"1","outputs":[\#
            {"name":"p","datatype":"INT16","shape":[2],"parameters":{"binary_data_size":4}},\#
            {"name":"j","datatype":"BOOL","shape":[1],"data":[true]},\#
            {"name":"label","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":10}}]}
            """#
        #expect(headerLength == head.utf8.count)
        #expect(body.mediaType == "application/octet-stream")
        #expect(
            body.flattened == Array(head.utf8) + [1, 0, 255, 255] + [2, 0, 0, 0, 97, 98, 0, 0, 0, 0])
    }

    @Test func emptyBinaryOutputNeedsNoHeader() throws {
        let empty = try Tensor(name: "e", dataType: .fp32, shape: [0], copying: [] as [Float])
        let (body, headerLength) = try encode([empty], binary: true)
        #expect(headerLength == nil)
        #expect(body.mediaType == "application/json")
        #expect(body.text.contains(#""parameters":{"binary_data_size":0}"#))
    }

    @Test func whatJSONCanNotCarryIsRefused() throws {
        let nan = try Tensor(name: "y", dataType: .fp32, shape: [2], copying: [0, Float.nan])
        let half = try Tensor(name: "y", dataType: .fp16, shape: [1], copying: [0x3C00] as [UInt16])
        let raw = try Tensor(
            name: "y", bytesOf: [1], data: ([0xFF] as [UInt8]).withUnsafeBytes { TensorStorage.copy(of: $0) },
            offsets: ([0, 1] as [Int64]).withUnsafeBytes { TensorStorage.copy(of: $0) })
        for (tensor, message) in [
            (nan, "output \"y\", element 2: JSON has no NaN and no infinity; ask for binary"),
            (half, "output \"y\": FP16 can't be written in JSON; ask for binary"),
            (raw, "output \"y\", element 1: its bytes are not UTF-8; ask for binary"),
        ] {
            let error = #expect(throws: SluiceError.self) { try encode([tensor]) }
            #expect(error?.code == .notAcceptable)
            #expect(error?.message == message)
            #expect(throws: Never.self) { try encode([tensor], binary: true) }
        }
    }

    @Test func outputThatTheModelDidNotGiveIsItsFault() throws {
        let error = #expect(throws: SluiceError.self) { try encode([], wanted: [.init(name: "y", isBinary: false)]) }
        #expect(error?.code == .modelBrokeContract)
        #expect(error?.message == "the model did not give its output \"y\"")
    }

    @Test(arguments: DataType.allCases)
    func everyDataTypeRoundTripsAsBinary(dataType: DataType) throws {
        let (tensor, _) = try ElementReaderTests.example(of: dataType)
        let (answer, headerLength) = try encode([tensor], binary: true)
        // An answer's output reads as a request's input, but for the key that holds it.
        let length = try #require(headerLength)
        let head = String(decoding: answer.flattened[..<length], as: UTF8.self).replacing(
            "\"outputs\"", with: "\"inputs\"")
        let (body, newLength) = Self.body(head, Array(answer.flattened[length...]))
        let back = try codec.decode(body, headerLength: newLength, signature: Models.single(dataType, [-1])).inputs[0]
        #expect(back.withBytes { Array($0) } == tensor.withBytes { Array($0) })
    }

    @Test(arguments: DataType.allCases.filter { $0 != .fp16 && $0 != .bf16 })
    func everyOtherDataTypeRoundTripsAsJSON(dataType: DataType) throws {
        let (tensor, _) = try ElementReaderTests.example(of: dataType)
        let text = try encode([tensor]).body.text.replacing("\"outputs\"", with: "\"inputs\"")
        let back = try decode(text, Models.single(dataType, [-1])).inputs[0]
        #expect(back.withBytes { Array($0) } == tensor.withBytes { Array($0) })
    }

    // MARK: Metadata

    @Test func metadataSayTheShapesAsClientsSendThem() {
        let model = codec.modelMetadata(name: "iris", versions: ["1", "2"], platform: "onnx", signature: Models.iris)
        #expect(
            String(decoding: model, as: UTF8.self) == #"""
                {"name":"iris","versions":["1","2"],"platform":"onnx",\#
                "inputs":[{"name":"X","datatype":"FP32","shape":[-1,4]}],\#
                "outputs":[{"name":"label","datatype":"BYTES","shape":[-1]},\#
                {"name":"probabilities","datatype":"FP32","shape":[-1,3]}]}
                """#)
        let server = codec.serverMetadata(name: "sluice", version: "1.0", extensions: ["binary_tensor_data"])
        #expect(
            String(decoding: server, as: UTF8.self)
                == #"{"name":"sluice","version":"1.0","extensions":["binary_tensor_data"]}"#)
    }
}
