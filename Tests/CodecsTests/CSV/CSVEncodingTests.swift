import Codecs
import Tensors
import Testing

@Suite struct CSVEncodingTests {
    private func encode(_ tensors: [Tensor], specs: [TensorSpec] = []) throws(SluiceError) -> String {
        var facts = CodecRegistry.AnswerFacts(model: "iris", version: "1", id: "r-1")
        facts.outputs = specs
        return Formats.text(of: try CodecRegistry().encode(tensors, as: .csv, facts: facts))
    }

    @Test func vectorsAndMatricesStandSideBySide() throws {
        let label = try Tensor(name: "label", shape: [2], strings: ["setosa", "a,\"b\"\n"])
        let scores = try Tensor(name: "p", dataType: .fp32, shape: [2, 2], copying: [0.1, 0.9, 1, 1e-7] as [Float])
        let flag = try Tensor(name: "ok", dataType: .bool, shape: [2, 1], copying: [1, 0] as [UInt8])
        #expect(
            try encode([label, scores, flag])
                == "label,p_0,p_1,ok_0\r\nsetosa,0.1,0.9,true\r\n\"a,\"\"b\"\"\n\",1,1e-07,false\r\n")
    }

    @Test func declaredColumnsNameAnOutput() throws {
        let scores = try Tensor(name: "p", dataType: .int8, shape: [1, 2], copying: [1, 2] as [Int8])
        let spec = TensorSpec(name: "p", dataType: .int8, shape: [-1, 2], columns: ["no", "yes, really"])
        #expect(try encode([scores], specs: [spec]) == "no,\"yes, really\"\r\n1,2\r\n")
    }

    @Test func whatIsNoNumberIsWrittenAsPandasReadsIt() throws {
        let values: [Double] = [.nan, .infinity, -.infinity, -1.5]
        let tensor = try Tensor(name: "y", dataType: .fp64, shape: [4], copying: values)
        #expect(try encode([tensor]) == "y\r\nnan\r\ninf\r\n-inf\r\n-1.5\r\n")
    }

    @Test func anEmptyCellAloneOnItsLineIsQuoted() throws {
        #expect(try encode([try Tensor(name: "y", shape: [2], strings: ["", " a"])]) == "y\r\n\"\"\r\n\" a\"\r\n")
    }

    @Test func scalarsAreOneRow() throws {
        let tensor = try Tensor(name: "y", dataType: .int64, shape: [], copying: [7] as [Int64])
        #expect(try encode([tensor]) == "y\r\n7\r\n")
    }

    @Test func outputsWithoutACommonFirstDimensionAreRefused() throws {
        let two = try Tensor(name: "a", dataType: .int8, shape: [2], copying: [1, 2] as [Int8])
        let three = try Tensor(name: "b", dataType: .int8, shape: [3, 1], copying: [1, 2, 3] as [Int8])
        let error = #expect(throws: SluiceError.self) { try encode([two, three]) }
        #expect(
            error?.description
                == "not_acceptable: text/csv needs outputs with one common first dimension, but \"a\" is [2] and \"b\" "
                + "is [3,1]; ask for application/json, or for one of them with ?outputs=NAME")
    }

    @Test func bytesThatAreNoTextAreRefused() throws {
        let tensor = try Formats.bytes(name: "img", [[0x41], [0xFF]])
        let error = #expect(throws: SluiceError.self) { try encode([tensor]) }
        #expect(
            error?.description
                == "not_acceptable: output \"img\", row 2: the bytes are not UTF-8, which tables of text can't carry; "
                + "ask for application/json, application/xml or application/x-npy")
    }

    @Test func aWrittenTableIsReadAgain() throws {
        let values = (0..<40).map { Float($0) / 7 }
        let tensor = try Tensor(name: "X", dataType: .fp32, shape: [10, 4], copying: values)
        let read = try Formats.decode(try encode([tensor]).utf8, as: "text/csv", for: Formats.one(.fp32, [-1, 4]))
        #expect(read[0].elements(as: Float.self) == values)
    }
}
