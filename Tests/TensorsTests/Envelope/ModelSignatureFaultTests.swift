import Tensors
import Testing

@Suite struct ModelSignatureFaultTests {
    private let signature = ModelSignature(
        inputs: [],
        outputs: [
            TensorSpec(name: "label", dataType: .int64, shape: [-1]),
            TensorSpec(name: "scores", dataType: .fp32, shape: [-1, 3]),
            TensorSpec(name: "extra", dataType: .fp32, shape: nil),
        ])

    private func tensor(_ name: String, _ dataType: DataType, _ shape: [Int]) throws -> Tensor {
        try Tensor(
            name: name, dataType: dataType, shape: shape,
            copying: [UInt8](repeating: 0, count: try #require(Shape.byteCount(shape, of: dataType))))
    }

    private func good() throws -> [Tensor] {
        [
            try tensor("label", .int64, [2]), try tensor("scores", .fp32, [2, 3]),
            try tensor("extra", .fp32, [1, 1, 1]),
        ]
    }

    @Test func answerAsDeclaredHasNoFault() throws {
        #expect(signature.fault(inOutputs: try good(), wanted: [], isComplete: true) == nil)
    }

    @Test func whatWasNotWantedMayBeLeftOut() throws {
        let label = [try tensor("label", .int64, [2])]
        #expect(signature.fault(inOutputs: label, wanted: ["label"], isComplete: true) == nil)
        #expect(signature.fault(inOutputs: label, wanted: [], isComplete: false) == nil)
        #expect(
            signature.fault(inOutputs: label, wanted: ["label", "scores"], isComplete: true)
                == "it left out output \"scores\"")
        #expect(signature.fault(inOutputs: [], wanted: [], isComplete: true) == "it left out output \"label\"")
    }

    @Test func everyOtherDifferenceIsNamed() throws {
        func fault(_ tensors: [Tensor]) -> String? {
            signature.fault(inOutputs: tensors, wanted: [], isComplete: false)
        }
        #expect(fault([try tensor("other", .fp32, [1])]) == "it never declared an output \"other\"")
        #expect(
            fault([try tensor("label", .fp32, [2])]) == "output \"label\" is FP32[2], declared INT64[-1]")
        #expect(
            fault([try tensor("scores", .fp32, [2, 4])]) == "output \"scores\" is FP32[2,4], declared FP32[-1,3]")
        #expect(fault([try tensor("scores", .fp32, [6])]) == "output \"scores\" is FP32[6], declared FP32[-1,3]")
        #expect(
            fault([try tensor("label", .int64, [1]), try tensor("label", .int64, [1])])
                == "it answered output \"label\" twice")
    }
}
