import CSluicePlugin
import Tensors
import Testing

@Suite struct DataTypeTests {
    /// The table of the Open Inference Protocol beside DLPack's codes.
    static let table: [(type: DataType, name: String, width: Int, code: Int, bits: UInt8)] = [
        (.bool, "BOOL", 1, 6, 8),
        (.uint8, "UINT8", 1, 1, 8),
        (.uint16, "UINT16", 2, 1, 16),
        (.uint32, "UINT32", 4, 1, 32),
        (.uint64, "UINT64", 8, 1, 64),
        (.int8, "INT8", 1, 0, 8),
        (.int16, "INT16", 2, 0, 16),
        (.int32, "INT32", 4, 0, 32),
        (.int64, "INT64", 8, 0, 64),
        (.fp16, "FP16", 2, 2, 16),
        (.bf16, "BF16", 2, 4, 16),
        (.fp32, "FP32", 4, 2, 32),
        (.fp64, "FP64", 8, 2, 64),
        (.bytes, "BYTES", 0, 200, 8),
    ]

    @Test func tableNamesEveryType() {
        #expect(Self.table.map(\.type) == DataType.allCases)
    }

    @Test(arguments: table) func hasItsProtocolNameAndWidth(
        row: (type: DataType, name: String, width: Int, code: Int, bits: UInt8)
    ) {
        #expect(row.type.name == row.name)
        #expect("\(row.type)" == row.name)
        #expect(DataType(name: row.name) == row.type)
        #expect(DataType(name: row.name.lowercased()) == nil)
        #expect(row.type.byteWidth == row.width)
    }

    @Test(arguments: table) func survivesTheTripThroughDLPack(
        row: (type: DataType, name: String, width: Int, code: Int, bits: UInt8)
    ) {
        let dlpack = row.type.dlpack
        #expect(Int(dlpack.code) == row.code)
        #expect(dlpack.bits == row.bits)
        #expect(dlpack.lanes == 1)
        #expect(DataType(dlpack: dlpack) == row.type)
    }

    @Test(arguments: [
        sluice_dtype(code: 2, bits: 32, lanes: 4),  // vectors
        sluice_dtype(code: 2, bits: 8, lanes: 1),  // FP8
        sluice_dtype(code: 5, bits: 64, lanes: 1),  // complex
        sluice_dtype(code: 6, bits: 1, lanes: 1),  // packed booleans
        sluice_dtype(code: 0, bits: 4, lanes: 1),
        sluice_dtype(code: 4, bits: 32, lanes: 1),
        sluice_dtype(code: 2, bits: 32, lanes: 0),
        sluice_dtype(code: 255, bits: 255, lanes: 65535),
    ]) func refusesDLPackTypesOutsideTheProtocol(type: sluice_dtype) {
        #expect(DataType(dlpack: type) == nil)
    }

    @Test(arguments: ["", "FP", "FP32 ", "FLOAT32", "STRING", "INT128"]) func refusesOtherNames(name: String) {
        #expect(DataType(name: name) == nil)
    }
}
