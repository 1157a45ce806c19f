import Tensors
import Testing

@testable import Codecs

@Suite struct GenerateCodecTests {
    private static func text(_ outputs: [Tensor], id: String? = nil, asEvent: Bool = false) throws -> String {
        let body = try GenerateCodec().encode(outputs, model: "m", version: "1", id: id, asEvent: asEvent)
        let bytes = body.segments.flatMap { segment -> [UInt8] in
            if case .bytes(let bytes) = segment { bytes } else { [] }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func loneElementsAreBareAndSeveralAreFlat() throws {
        let outputs = [
            try Tensor(name: "text_output", shape: [1, 1], strings: ["hi\n"]),
            try Tensor(name: "scores", dataType: .fp32, shape: [2, 1], copying: [0.5 as Float, 2]),
            try Tensor(name: "none", dataType: .int8, shape: [0], copying: [Int8]()),
        ]
        #expect(
            try Self.text(outputs)
                == #"{"model_name":"m","model_version":"1","text_output":"hi\n","scores":[0.5,2],"none":[]}"#)
    }

    @Test func anEventIsOneLineOfData() throws {
        let outputs = [try Tensor(name: "x", dataType: .int64, shape: [1], copying: [7 as Int64])]
        #expect(
            try Self.text(outputs, id: "a", asEvent: true)
                == "data: {\"id\":\"a\",\"model_name\":\"m\",\"model_version\":\"1\",\"x\":7}\n\n")
    }

    @Test func whatJSONCantCarryIsRefused() throws {
        let outputs = [try Tensor(name: "x", dataType: .fp32, shape: [1], copying: [Float.nan])]
        #expect(throws: SluiceError.self) { try Self.text(outputs) }
    }
}
