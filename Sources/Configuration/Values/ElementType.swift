/// The data types of the Open Inference Protocol, under their names there.
package enum ElementType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case fp16 = "FP16"
    case bf16 = "BF16"
    case fp32 = "FP32"
    case fp64 = "FP64"
    case bytes = "BYTES"

    /// What an element must be, where `value` can't be one; `nil` where it can.
    func fault(of value: ConfigurationValue) -> String? {
        switch (self, value) {
        case (.bool, .bool), (.bytes, .string): nil
        case (.bool, _): "true or false"
        case (.bytes, _): "text; write it in quotes"
        case (.fp16, .integer(let number)): abs(Double(number)) <= 65_504 ? nil : "a number from -65504 to 65504"
        case (.fp16, .double(let number)): abs(number) <= 65_504 ? nil : "a number from -65504 to 65504"
        case (.fp32, .double(let number)), (.bf16, .double(let number)):
            Float(number).isFinite ? nil : "a number that 32 bits hold"
        case (.fp32, .integer), (.bf16, .integer), (.fp64, .integer), (.fp64, .double): nil
        case (.fp32, _), (.bf16, _), (.fp64, _), (.fp16, _): "a number"
        case (_, .integer(let number)): range.contains(number) ? nil : rangeText
        default: rangeText
        }
    }

    private var range: ClosedRange<Int64> {
        switch self {
        case .uint8: 0...255
        case .uint16: 0...65_535
        case .uint32: 0...4_294_967_295
        case .uint64: 0...Int64.max
        case .int8: -128...127
        case .int16: -32_768...32_767
        case .int32: -2_147_483_648...2_147_483_647
        default: Int64.min...Int64.max
        }
    }

    private var rangeText: String { "a whole number from \(range.lowerBound) to \(range.upperBound)" }
}
