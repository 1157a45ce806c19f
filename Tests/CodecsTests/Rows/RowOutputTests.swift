import Codecs
import Tensors
import Testing

@Suite struct RowOutputTests {
    private static let specs = [
        TensorSpec(name: "label", dataType: .bytes, shape: [-1]),
        TensorSpec(name: "p", dataType: .fp32, shape: [-1, 2]),
    ]

    private func outputs(_ labels: [String], _ numbers: [Float]) throws -> [Tensor] {
        [
            try Tensor(name: "label", shape: [labels.count], strings: labels),
            try Tensor(name: "p", dataType: .fp32, shape: [labels.count, 2], copying: numbers),
        ]
    }

    private func fault(_ row: Int) -> RowFault {
        RowFault(row: row, error: SluiceError(.invalidInput, "row \(row): \"x\" is no number"))
    }

    private func encode(
        _ format: RowFormat, _ labels: [String], _ numbers: [Float], rows: Range<Int>, faults: [Int] = [],
        shows: Bool = true
    ) throws -> EncodedRows {
        var decoded = DecodedRows()
        decoded.count = labels.count
        decoded.faults = faults.map { fault($0) }
        return try RowEncoder(format, showsFaults: shows).encode(
            try outputs(labels, numbers), specs: Self.specs, rows: rows, decoded: decoded, isWhole: false)
    }

    @Test func batchesOfCSVAreOneTable() throws {
        let format = RowFormat.csv(CSVDialect())
        var output = RowOutput(format, offset: 0)
        var text: [UInt8] = []
        text += try output.add(try encode(format, ["a", "b,\"c"], [1, 2, 3, .nan], rows: 1..<3, shows: false))
        text += try output.add(try encode(format, ["d"], [5, 6], rows: 3..<4, shows: false))
        text += output.finish(columns: [])
        #expect(String(decoding: text, as: UTF8.self) == "label,p_0,p_1\r\na,1,2\r\n\"b,\"\"c\",3,nan\r\nd,5,6\r\n")
        var later = RowOutput(format, offset: 3)
        text = try later.add(try encode(format, ["e"], [7, 8], rows: 4..<5, shows: false))
        #expect(String(decoding: text, as: UTF8.self) == "e,7,8\r\n")
    }

    @Test func errorsHaveAColumnOfTheirOwn() throws {
        let format = RowFormat.csv(CSVDialect())
        var output = RowOutput(format, offset: 0)
        // The first rows are wrong: how many columns there are, the first answer tells.
        #expect(try output.add(RowEncoder(format, showsFaults: true).encode([fault(1), fault(2)])).isEmpty)
        var text = try output.add(try encode(format, ["a", "b"], [1, 2, 3, 4], rows: 3..<6, faults: [4]))
        text += try output.add(RowEncoder(format, showsFaults: true).encode([fault(6)]))
        let error = { (row: Int) in ",,,\"invalid_input: row \(row): \"\"x\"\" is no number\"\r\n" }
        #expect(
            String(decoding: text, as: UTF8.self)
                == "label,p_0,p_1,error\r\n\(error(1))\(error(2))a,1,2,\r\n\(error(4))b,3,4,\r\n\(error(6))")
    }

    @Test func allRowsMayBeWrong() throws {
        let format = RowFormat.csv(CSVDialect())
        var output = RowOutput(format, offset: 0)
        #expect(try output.add(RowEncoder(format, showsFaults: true).encode([fault(1)])).isEmpty)
        #expect(
            String(decoding: output.finish(columns: ["label", "p_0", "p_1"]), as: UTF8.self)
                == "label,p_0,p_1,error\r\n,,,\"invalid_input: row 1: \"\"x\"\" is no number\"\r\n")
        var many = RowOutput(format, offset: 0)
        let error = #expect(throws: SluiceError.self) {
            _ = try many.add(RowEncoder(format, showsFaults: true).encode((1...10_001).map { fault($0) }))
        }
        #expect(error?.message.hasPrefix("the first 10000 rows are all wrong; row 1:") == true)
    }

    @Test func linesTellTheirRows() throws {
        var output = RowOutput(.lines, offset: 0)
        let encoded = try encode(.lines, ["a", "b"], [1, 2, .infinity, 4], rows: 7..<10, faults: [8])
        #expect((encoded.rows, encoded.failed) == (3, 2))
        let text = String(decoding: try output.add(encoded), as: UTF8.self)
        #expect(
            text == """
                {"row":7,"outputs":{"label":"a","p":[1,2]}}
                {"row":8,"error":"row 8: \\"x\\" is no number","code":"invalid_input"}
                {"row":9,"error":"row 9: output \\"p\\", element 1: JSON has no NaN and no infinity; ask for text/csv","code":"not_acceptable"}

                """)
        #expect(throws: SluiceError.self) {
            try encode(.lines, ["a"], [.nan, 2], rows: 1..<2, shows: false)
        }
    }

    @Test func outputsMustBeOneForEachRow() throws {
        var decoded = DecodedRows()
        decoded.count = 3
        let outputs = try outputs(["a", "b"], [1, 2, 3, 4])
        #expect(throws: SluiceError.self) {
            try RowEncoder(.lines, showsFaults: false).encode(
                outputs, specs: [], rows: 1..<4, decoded: decoded, isWhole: false)
        }
        decoded.count = 1
        let whole = try RowEncoder(.lines, showsFaults: false).encode(
            [outputs[1]], specs: [], rows: 1..<2, decoded: decoded, isWhole: true)
        var output = RowOutput(.lines, offset: 0)
        #expect(
            String(decoding: try output.add(whole), as: UTF8.self) == "{\"row\":1,\"outputs\":{\"p\":[[1,2],[3,4]]}}\n")
    }

    @Test func otherColumnsEndTheTable() throws {
        let format = RowFormat.csv(CSVDialect())
        var output = RowOutput(format, offset: 0)
        _ = try output.add(try encode(format, ["a"], [1, 2], rows: 1..<2))
        var decoded = DecodedRows()
        decoded.count = 1
        let other = try RowEncoder(format, showsFaults: true).encode(
            [try outputs(["a"], [1, 2])[0]], specs: [], rows: 2..<3, decoded: decoded, isWhole: false)
        #expect(throws: SluiceError.self) { try output.add(other) }
    }

    // MARK: What comes back

    @Test func theLastLineIsNoRow() {
        let failure = SluiceError(.modelUnavailable, "model \"m\" is not available, \"now\"")
        for (format, rows) in [
            (RowFormat.csv(CSVDialect()), "label,error\r\n\"a\r\nb\",\r\n,invalid_input: no\r\n"),
            (.lines, "{\"row\":1,\"outputs\":{}}\n{\"row\":2,\"error\":\"no\",\"code\":\"invalid_input\"}\n"),
        ] {
            let last = RowOutput.end(format, failure: failure, rows: 2, failed: 1, offset: 2, requestID: "id")
            let text = Array(rows.utf8) + last
            for step in 1...40 {
                var answer = AnswerRows(format, hasHeader: true, showsFaults: true)
                var whole: [UInt8] = []
                var rest = text[...]
                while !rest.isEmpty {
                    whole += answer.add(Array(rest.prefix(step)))
                    rest = rest.dropFirst(step)
                }
                #expect(String(decoding: whole, as: UTF8.self) == rows)
                #expect((answer.rows, answer.failed, answer.bytes) == (2, 1, rows.utf8.count))
                #expect(answer.failure?.contains("model_unavailable") == true)
                #expect(!answer.isComplete)
            }
        }
        var answer = AnswerRows(.lines, hasHeader: false, showsFaults: false)
        #expect(answer.add(RowOutput.end(.lines, rows: 0, failed: 0)).isEmpty)
        #expect(answer.isComplete && answer.failure == nil)
        #expect(RowOutput.end(.csv(CSVDialect()), rows: 0, failed: 0).isEmpty)
    }
}
