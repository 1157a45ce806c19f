import Foundation
import SwiftProtobuf
import Tensors
import Testing
import WireMessages

@testable import Codecs

/// The reader of `ModelInferRequest`, held against the generated messages.
@Suite struct InferMessageReaderTests {
    typealias Message = Inference_ModelInferRequest

    static let signature = ModelSignature(
        inputs: [
            TensorSpec(name: "A", dataType: .fp32, shape: nil), TensorSpec(name: "B", dataType: .bytes, shape: nil),
        ],
        outputs: [
            TensorSpec(name: "X", dataType: .fp32, shape: nil), TensorSpec(name: "Y", dataType: .bytes, shape: nil),
        ])

    static func read(
        _ bytes: [UInt8], signature: ModelSignature = signature
    ) throws -> (OpenInferenceCodec.Request, InferMessage.Address) {
        let message = try InferMessageAssemblerTests.assembled(bytes)
        return (try OpenInferenceCodec().decode(message, signature: signature), try message.address())
    }

    static func one(_ dataType: DataType) -> ModelSignature {
        ModelSignature(inputs: [TensorSpec(name: "A", dataType: dataType, shape: nil)], outputs: [])
    }

    static func input(
        _ name: String, _ type: String, _ shape: [Int64], _ contents: Inference_InferTensorContents? = nil
    )
        -> Message.InferInputTensor
    {
        .with {
            $0.name = name
            $0.datatype = type
            $0.shape = shape
            if let contents { $0.contents = contents }
        }
    }

    static let whole = Message.with {
        $0.modelName = "modèle"
        $0.modelVersion = "3"
        $0.id = "id-1"
        $0.parameters = [
            "flag": .with { $0.boolParam = true }, "count": .with { $0.int64Param = -5 },
            "text": .with { $0.stringParam = "" }, "ratio": .with { $0.doubleParam = 0.5 },
            "priority": .with { $0.uint64Param = 7 }, "sequence_id": .with { $0.int64Param = 12 },
            "sequence_start": .with { $0.boolParam = true }, "timeout": .with { $0.int64Param = 1500 },
        ]
        $0.inputs = [
            input("A", "FP32", [2, 1], .with { $0.fp32Contents = [1.5, -.infinity] }),
            input("B", "BYTES", [2], .with { $0.bytesContents = [.init([1, 2]), .init()] }),
        ]
        $0.outputs = [.with { $0.name = "Y" }, .with { $0.name = "X" }]
    }

    @Test func everyFieldIsRead() throws {
        let (request, address) = try Self.read(try Self.whole.wire)
        #expect(address.model == "modèle" && address.version == "3" && address.id == "id-1")
        #expect(request.answer.id == "id-1")
        #expect(request.priority == 7)
        #expect(request.sequence == .init(id: "12", isStart: true, isEnd: false))
        #expect(request.timeoutNanoseconds == 1_500_000)
        #expect(request.answer.outputs.map(\.name) == ["Y", "X"])
        #expect(
            request.parameters.sorted { $0.key < $1.key } == [
                .init("count", .integer(-5)), .init("flag", .bool(true)), .init("ratio", .double(0.5)),
                .init("text", .string("")),
            ])
        #expect(request.inputs[0].elements(as: Float.self) == [1.5, -.infinity])
        #expect(request.inputs[0].shape == [2, 1])
        #expect(request.inputs[1].strings == ["\u{1}\u{2}", ""])
    }

    @Test func rawTensorsAreUsedWhereTheyWereAssembled() throws {
        var message = Self.whole
        message.inputs = [Self.input("B", "BYTES", [1]), Self.input("A", "FP32", [2])]
        message.rawInputContents = [.init([2, 0, 0, 0, 0x68, 0x69]), .init([0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])]
        let assembled = try InferMessageAssemblerTests.assembled(try message.wire)
        let request = try OpenInferenceCodec().decode(assembled, signature: Self.signature)
        #expect(request.inputs[0].strings == ["hi"])
        #expect(request.inputs[1].elements(as: Float.self) == [1, 2])
        #expect(request.inputs[1].storage === assembled.raw[1])
    }

    @Test func typedContentsOfEveryType() throws {
        func elements<E: BitwiseCopyable>(
            _ type: DataType, _ as: E.Type, _ set: (inout Inference_InferTensorContents) -> Void
        ) throws -> [E] {
            var contents = Inference_InferTensorContents()
            set(&contents)
            let message = Message.with { $0.inputs = [Self.input("A", type.name, [2], contents)] }
            let (request, _) = try Self.read(try message.wire, signature: Self.one(type))
            return request.inputs[0].elements(as: E.self)
        }
        #expect(try elements(.bool, UInt8.self) { $0.boolContents = [true, false] } == [1, 0])
        #expect(try elements(.int8, Int8.self) { $0.intContents = [-128, 127] } == [-128, 127])
        #expect(try elements(.int16, Int16.self) { $0.intContents = [-32768, 32767] } == [-32768, 32767])
        #expect(try elements(.int32, Int32.self) { $0.intContents = [.min, .max] } == [.min, .max])
        #expect(try elements(.int64, Int64.self) { $0.int64Contents = [.min, .max] } == [.min, .max])
        #expect(try elements(.uint8, UInt8.self) { $0.uintContents = [0, 255] } == [0, 255])
        #expect(try elements(.uint16, UInt16.self) { $0.uintContents = [0, 65535] } == [0, 65535])
        #expect(try elements(.uint32, UInt32.self) { $0.uintContents = [0, .max] } == [0, .max])
        #expect(try elements(.uint64, UInt64.self) { $0.uint64Contents = [0, .max] } == [0, .max])
        #expect(try elements(.fp64, Double.self) { $0.fp64Contents = [-0.0, 1e300] } == [-0.0, 1e300])
    }

    static let wrong: [(String, Message)] = [
        ("out of range", .with { $0.inputs = [input("A", "INT8", [1], .with { $0.intContents = [300] })] }),
        ("another list", .with { $0.inputs = [input("A", "INT8", [1], .with { $0.int64Contents = [3] })] }),
        ("no data", .with { $0.inputs = [input("A", "INT8", [1])] }),
        ("too many elements", .with { $0.inputs = [input("A", "INT8", [1], .with { $0.intContents = [3, 4] })] }),
        ("a negative dimension", .with { $0.inputs = [input("A", "INT8", [-1], .with { $0.intContents = [3] })] }),
        ("a huge shape", .with { $0.inputs = [input("A", "INT8", [1 << 40, 1 << 40])] }),
        ("an unknown type", .with { $0.inputs = [input("A", "INT9", [1])] }),
        ("a half without raw bytes", .with { $0.inputs = [input("A", "FP16", [1], .with { $0.fp32Contents = [1] })] }),
        ("an unknown input", .with { $0.inputs = [input("Z", "INT8", [1], .with { $0.intContents = [3] })] }),
        ("no input", .init()),
        (
            "both contents and raw",
            .with {
                $0.inputs = [input("A", "INT8", [1], .with { $0.intContents = [3] })]
                $0.rawInputContents = [.init([3])]
            }
        ),
        (
            "too few raw tensors",
            .with {
                $0.inputs = [input("A", "INT8", [1]), input("A", "INT8", [1])]
                $0.rawInputContents = [.init([3])]
            }
        ),
        (
            "too many raw tensors",
            .with {
                $0.inputs = [input("A", "INT8", [1])]
                $0.rawInputContents = [.init([3]), .init([3])]
            }
        ),
        (
            "a raw tensor of the wrong length",
            .with {
                $0.inputs = [input("A", "INT8", [1])]
                $0.rawInputContents = [.init([3, 4])]
            }
        ),
        (
            "a parameter without value",
            .with {
                $0.parameters = ["p": .init()]
                $0.inputs = [input("A", "INT8", [1], .with { $0.intContents = [3] })]
            }
        ),
        (
            "a reserved parameter",
            .with {
                $0.parameters = ["triton_x": .with { $0.boolParam = true }]
                $0.inputs = [input("A", "INT8", [1], .with { $0.intContents = [3] })]
            }
        ),
    ]

    @Test(arguments: wrong) func whatIsWrongIsTheClientsError(_ name: String, _ message: Message) throws {
        let error = #expect(throws: SluiceError.self, "\(name)") {
            try Self.read(try message.wire, signature: Self.one(.int8))
        }
        #expect(error?.code.httpStatus == 400)
    }

    /// Whatever this reader accepts, the generated one accepts too, and says the same; it never crashes.
    @Test func mutatedMessagesReadAlike() throws {
        var raw = Self.whole
        raw.inputs = [Self.input("B", "BYTES", [1]), Self.input("A", "FP32", [2])]
        raw.rawInputContents = [.init([2, 0, 0, 0, 0x68, 0x69]), .init([0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])]
        var generator = SeededGenerator(seed: 20_261_125)
        var accepted = 0
        for original in [try Self.whole.wire, try raw.wire] {
            for _ in 0..<4000 {
                var bytes = original
                for _ in 0...Int.random(in: 0...2, using: &generator) {
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0:
                        bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
                            in: 0...255, using: &generator)
                    case 1: bytes.remove(at: Int.random(in: bytes.indices, using: &generator))
                    default:
                        bytes.insert(
                            .random(in: 0...255, using: &generator),
                            at: Int.random(in: bytes.indices, using: &generator))
                    }
                }
                guard let (request, address) = try? Self.read(bytes) else { continue }
                accepted += 1
                let message = try Message(serializedBytes: bytes)
                #expect(message.modelName == address.model)
                #expect(message.modelVersion == address.version)
                #expect(message.id == request.answer.id ?? "")
                #expect(message.outputs.map(\.name) == request.answer.outputs.map(\.name))
                #expect(message.inputs.map(\.name) == request.inputs.map(\.name))
                #expect(message.inputs.map { $0.shape.map(Int.init) } == request.inputs.map(\.shape))
                let own = request.allParameters.count + (request.answer.binaryOutput ? 1 : 0)
                #expect(own <= message.parameters.count)
                if let index = message.inputs.firstIndex(where: { $0.name == "A" }), message.rawInputContents.isEmpty {
                    #expect(
                        message.inputs[index].contents.fp32Contents.map(\.bitPattern)
                            == request.inputs[index].elements(as: UInt32.self))
                }
                for (tensor, bytes) in zip(request.inputs, message.rawInputContents) where tensor.dataType != .bytes {
                    #expect(tensor.withBytes { Array($0) } == Array(bytes))
                }
            }
        }
        #expect(accepted > 200)
    }

    @Test func responsesReadAsTheGeneratedMessage() throws {
        let outputs = [
            try Tensor(name: "X", dataType: .fp32, shape: [2, 1], copying: [1 as Float, .nan]),
            try Tensor(name: "Y", shape: [2], strings: ["a", ""]),
            try Tensor(name: "Z", dataType: .int8, shape: [0], copying: [Int8]()),
        ]
        var form = OpenInferenceCodec.AnswerForm()
        form.id = "id"
        let body = try OpenInferenceCodec().encodeMessage(
            outputs, as: form, model: "m", version: "1",
            parameters: [
                .init("a", .bool(false)), .init("b", .integer(-1)), .init("c", .string("")), .init("d", .double(0)),
                .init("e", .unsigned(.max)),
            ])
        let bytes = Self.bytes(of: body)
        let response = try Inference_ModelInferResponse(serializedBytes: bytes)
        #expect(response.modelName == "m" && response.modelVersion == "1" && response.id == "id")
        #expect(response.outputs.map(\.name) == ["X", "Y", "Z"])
        #expect(response.outputs.map(\.datatype) == ["FP32", "BYTES", "INT8"])
        #expect(response.outputs.map(\.shape) == [[2, 1], [2], [0]])
        #expect(response.rawOutputContents.map(\.count) == [8, 9, 0])
        #expect(response.parameters["a"]?.parameterChoice == .boolParam(false))
        #expect(response.parameters["b"]?.parameterChoice == .int64Param(-1))
        #expect(response.parameters["c"]?.parameterChoice == .stringParam(""))
        #expect(response.parameters["d"]?.parameterChoice == .doubleParam(0))
        #expect(response.parameters["e"]?.parameterChoice == .uint64Param(.max))

        let part = try Inference_ModelStreamInferResponse(
            serializedBytes: Self.bytes(of: OpenInferenceCodec().streamMessage(body)))
        #expect(part.inferResponse == response && part.errorMessage.isEmpty)
        let failure = try Inference_ModelStreamInferResponse(
            serializedBytes: Self.bytes(
                of: OpenInferenceCodec().encodeStreamFailure(SluiceError(.modelFailed, "no"), model: "m", id: "7")))
        #expect(failure.errorMessage == "no" && failure.inferResponse.id == "7")
    }

    private static func bytes(of body: EncodedBody) -> [UInt8] {
        body.segments.flatMap { segment in
            switch segment {
            case .bytes(let bytes): bytes
            case .tensor(let tensor): tensor.withBytes { Array($0) }
            }
        }
    }
}

extension SwiftProtobuf.Message {
    /// The message as bytes.
    var wire: [UInt8] {
        get throws { try serializedBytes() }
    }
}
