import Codecs
import Tensors
import Testing

@Suite struct NumpyEncodingTests {
    private func encode(_ tensors: [Tensor]) throws(SluiceError) -> [UInt8] {
        let facts = CodecRegistry.AnswerFacts(model: "m", version: "1", id: "r")
        return Formats.bytes(of: try CodecRegistry().encode(tensors, as: .npy, facts: facts))
    }

    /// NumPy's own file of the same array must come out byte for byte.
    @Test func writesTheBytesThatNumPyWrites() throws {
        func check<Element: BitwiseCopyable>(_ file: String, _ dataType: DataType, _ elements: [Element]) throws {
            let tensor = try Tensor(name: "y", dataType: dataType, shape: [2, 3], copying: elements)
            #expect(try encode([tensor]) == Formats.corpus("npy/\(file).npy"), "\(file)")
        }
        try check("u1", .uint8, [0, 1, 2, 3, 4, 5] as [UInt8])
        try check("u2", .uint16, [0, 1, 2, 3, 4, 5] as [UInt16])
        try check("u4", .uint32, [0, 1, 2, 3, 4, 5] as [UInt32])
        try check("u8", .uint64, [0, 1, 2, 3, 4, 5] as [UInt64])
        try check("i1", .int8, [-3, -2, -1, 0, 1, 2] as [Int8])
        try check("i2", .int16, [-3, -2, -1, 0, 1, 2] as [Int16])
        try check("i4", .int32, [-3, -2, -1, 0, 1, 2] as [Int32])
        try check("i8", .int64, [-3, -2, -1, 0, 1, 2] as [Int64])
        try check("f2", .fp16, [-3, -2, -1, 0, 1, 2] as [Float16])
        try check("f4", .fp32, [-3, -2, -1, 0, 1, 2] as [Float])
        try check("f8", .fp64, [-3, -2, -1, 0, 1, 2] as [Double])
        try check("b1", .bool, [0, 1, 0, 1, 0, 1] as [UInt8])
        // BF16, which NumPy lacks, becomes float32.
        try check("f4", .bf16, [0xC040, 0xC000, 0xBF80, 0, 0x3F80, 0x4000] as [UInt16])
    }

    @Test func writesScalarsAndStringsAsNumPyDoes() throws {
        let scalar = try Tensor(name: "y", dataType: .fp64, shape: [], copying: [-3] as [Double])
        #expect(try encode([scalar]) == Formats.corpus("npy/scalar_f8.npy"))
        let text = try Tensor(name: "y", shape: [4], strings: ["setosa", "größe", "日本", ""])
        #expect(try encode([text]) == Formats.corpus("npy/text.npy"))
        let bytes = try Formats.bytes(name: "y", [Array("setosa".utf8), [0x61, 0, 0x62], [0xFF], []])
        #expect(try encode([bytes]) == Formats.corpus("npy/bytes.npy"))
    }

    @Test func severalOutputsAreRefused() throws {
        let tensor = try Tensor(name: "a", dataType: .int8, shape: [1], copying: [1] as [Int8])
        var other = tensor
        other.name = "b"
        let error = #expect(throws: SluiceError.self) { try encode([tensor, other]) }
        #expect(
            error?.description
                == "not_acceptable: an npy file carries one array, but there are 2 outputs (\"a\", \"b\"); "
                + "ask for one with ?outputs=NAME")
    }

    @Test func stringsThatNumPyWouldCutAreRefused() throws {
        let error = #expect(throws: SluiceError.self) { try encode([Formats.bytes(name: "y", [[65, 0]])]) }
        #expect(
            error?.description
                == "not_acceptable: output \"y\", element 0: NumPy's strings lose the zero bytes at their ends; "
                + "ask for application/json or application/xml")
    }

    @Test func stringsThatWouldGrowBeyondBoundsAreRefused() throws {
        let strings = [String(repeating: "x", count: 1 << 16)] + Array(repeating: "", count: 1 << 12)
        let error = #expect(throws: SluiceError.self) {
            try encode([Tensor(name: "y", shape: [strings.count], strings: strings)])
        }
        #expect(
            error?.description
                == "not_acceptable: output \"y\" would take 1074003968 bytes as npy, which pads every string to the "
                + "longest; ask for application/json")
    }
}
