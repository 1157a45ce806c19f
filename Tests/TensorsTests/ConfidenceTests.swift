import Tensors
import Testing

@Suite struct ConfidenceTests {
    @Test(
        arguments: [
            ([0.2, 0.9, 0.6, 0.1] as [Float], [2, 2], true, 0.6), ([0.2, 0.9, 0.6, 0.1], [2, 2], false, 0.9),
            ([-3, -1], [2], false, -1), ([-3, -1], [2], true, -3), ([0.25], [1, 1], true, 0.25),
            ([.nan, 0.9], [1, 2], true, -.infinity), ([0.5, .infinity], [1, 2], true, .infinity),
        ] as [([Float], [Int], Bool, Double)])
    func isTheLargestNumberOfTheLeastSureRow(values: [Float], shape: [Int], byRow: Bool, expected: Double) throws {
        let tensor = try Tensor(name: "p", dataType: .fp32, shape: shape, copying: values)
        let confidence = try #require(tensor.confidence(byRow: byRow))
        #expect(abs(confidence - expected) < 1e-6 || confidence == expected)
    }

    @Test func readsEveryTypeOfNumber() throws {
        func check<Number: BitwiseCopyable>(_ type: DataType, _ values: [Number], _ expected: Double) throws {
            let tensor = try Tensor(name: "p", dataType: type, shape: [values.count], copying: values)
            #expect(tensor.confidence(byRow: false) == expected, "\(type)")
        }
        try check(.bool, [0, 1] as [UInt8], 1)
        try check(.uint8, [3, 200] as [UInt8], 200)
        try check(.uint16, [3, 60_000] as [UInt16], 60_000)
        try check(.uint32, [3, 4_000_000_000] as [UInt32], 4_000_000_000)
        try check(.uint64, [3, 1 << 63] as [UInt64], 0x1p63)
        try check(.int8, [-3, 4] as [Int8], 4)
        try check(.int16, [-3, -40] as [Int16], -3)
        try check(.int32, [-3, 70_000] as [Int32], 70_000)
        try check(.int64, [-3, -1] as [Int64], -1)
        try check(.fp16, [0.5, 0.25] as [Float16], 0.5)
        try check(.bf16, [0x3F00, 0x3F40] as [UInt16], 0.75)
        try check(.fp64, [0.5, 0.625] as [Double], 0.625)
    }

    @Test func textAndNothingHaveNone() throws {
        #expect(try Tensor(name: "p", shape: [1], strings: ["sure"]).confidence(byRow: true) == nil)
        #expect(
            try Tensor(name: "p", dataType: .fp32, shape: [0, 3], copying: [] as [Float]).confidence(byRow: true) == nil
        )
    }
}
