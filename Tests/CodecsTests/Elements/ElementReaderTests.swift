import Tensors
import Testing

@testable import Codecs

@Suite("Writing elements as text")
struct ElementReaderTests {
    /// A tensor of two elements for every data type, and their texts.
    static func example(of dataType: DataType) throws -> (tensor: Tensor, texts: [String]) {
        func tensor<Element: BitwiseCopyable>(_ elements: [Element]) throws -> Tensor {
            try Tensor(name: "X", dataType: dataType, shape: [2], copying: elements)
        }
        return switch dataType {
        case .bool: (try tensor([1, 0] as [UInt8]), ["true", "false"])
        case .uint8: (try tensor([0, 255] as [UInt8]), ["0", "255"])
        case .uint16: (try tensor([0, 65535] as [UInt16]), ["0", "65535"])
        case .uint32: (try tensor([0, .max] as [UInt32]), ["0", "4294967295"])
        case .uint64: (try tensor([0, .max] as [UInt64]), ["0", "18446744073709551615"])
        case .int8: (try tensor([-128, 127] as [Int8]), ["-128", "127"])
        case .int16: (try tensor([.min, .max] as [Int16]), ["-32768", "32767"])
        case .int32: (try tensor([.min, .max] as [Int32]), ["-2147483648", "2147483647"])
        case .int64: (try tensor([.min, .max] as [Int64]), ["-9223372036854775808", "9223372036854775807"])
        case .fp16: (try tensor([0x3E00, 0x2E66] as [UInt16]), ["1.5", "0.099975586"])
        case .bf16: (try tensor([0x3FC0, 0xC000] as [UInt16]), ["1.5", "-2"])
        case .fp32: (try tensor([0.1, -1e-10] as [Float]), ["0.1", "-1e-10"])
        case .fp64: (try tensor([0.1, 1 / 3] as [Double]), ["0.1", "0.3333333333333333"])
        case .bytes: (try Tensor(name: "X", shape: [2], strings: ["a\"é", ""]), ["a\"é", ""])
        }
    }

    @Test(arguments: DataType.allCases)
    func everyDataTypeHasItsText(dataType: DataType) throws {
        let (tensor, texts) = try Self.example(of: dataType)
        let reader = ElementReader(tensor)
        for (index, expected) in texts.enumerated() {
            var text: [UInt8] = []
            let form = reader.append(index, to: &text)
            #expect(String(decoding: text, as: UTF8.self) == expected)
            #expect(form == (dataType == .bool ? .bool : dataType == .bytes ? .text : .number))
        }
    }

    @Test(arguments: DataType.allCases)
    func textReadsBackAsTheSameTensor(dataType: DataType) throws {
        let (tensor, texts) = try Self.example(of: dataType)
        let builder = TensorBuilder(dataType)
        for text in texts { try Array(text.utf8).withUnsafeBytes { try builder.append(cell: $0) } }
        let back = try builder.finish(name: "X", shape: [2])
        #expect(back.withBytes(Array.init) == tensor.withBytes(Array.init))
    }

    @Test func bytesThatAreNotUTF8BecomeBase64() throws {
        var text: [UInt8] = []
        let bytes: [UInt8] = [0xFF, 0x00, 0x10, 0x80]
        let raw = try Tensor(
            name: "X", bytesOf: [1], data: bytes.withUnsafeBytes { TensorStorage.copy(of: $0) },
            offsets: ([0, 4] as [Int64]).withUnsafeBytes { TensorStorage.copy(of: $0) })
        #expect(ElementReader(raw).append(0, to: &text) == .base64)
        #expect(String(decoding: text, as: UTF8.self) == "/wAQgA==")
    }

    @Test func longRunsOfNumbersAreWrittenWhole() throws {
        let values = (0..<1000).map { Double($0) * -1.2345678901234567e-300 }
        let tensor = try Tensor(name: "X", dataType: .fp64, shape: [1000], copying: values)
        var text: [UInt8] = []
        ElementReader(tensor).appendNumbers(0..<1000, separator: UInt8(ascii: ","), to: &text)
        let parts = String(decoding: text, as: UTF8.self).split(separator: ",")
        #expect(parts.map { Double($0) } == values)
    }

    @Test func unalignedElementsAreRead() throws {
        let bytes: [UInt8] = [9, 1, 0, 0, 0, 2, 0, 0, 0]
        let storage = bytes.withUnsafeBytes { TensorStorage.copy(of: $0) }
        let tensor = try Tensor(name: "X", dataType: .int32, shape: [2], storage: storage, byteOffset: 1, byteCount: 8)
        var text: [UInt8] = []
        ElementReader(tensor).appendNumbers(0..<2, separator: UInt8(ascii: " "), to: &text)
        #expect(String(decoding: text, as: UTF8.self) == "1 2")
    }

    @Test func firstNonFiniteElementIsFound() throws {
        let doubles = try Tensor(name: "X", dataType: .fp64, shape: [3], copying: [1, 2, Double.nan])
        #expect(ElementReader(doubles).firstNonFinite == 2)
        let halves = try Tensor(name: "X", dataType: .fp16, shape: [2], copying: [0x7C00, 0x3C00] as [UInt16])
        #expect(ElementReader(halves).firstNonFinite == 0)
        let brain = try Tensor(name: "X", dataType: .bf16, shape: [2], copying: [0x7C00, 0xFF80] as [UInt16])
        #expect(ElementReader(brain).firstNonFinite == 1)
        let floats = try Tensor(name: "X", dataType: .fp32, shape: [1], copying: [Float.greatestFiniteMagnitude])
        #expect(ElementReader(floats).firstNonFinite == nil)
        let integers = try Tensor(name: "X", dataType: .int8, shape: [1], copying: [Int8(1)])
        #expect(ElementReader(integers).firstNonFinite == nil)
    }
}
