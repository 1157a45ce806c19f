import Codecs
import Tensors
import Testing

@Suite struct RowReaderTests {
    private static let limits = RowCollector.Limits(rows: 3, bytes: 1 << 20, rowBytes: 1 << 10)

    private struct Read {
        var batches: [RowBatch] = []
        var reader = RowReader.lines
    }

    /// Cuts a text that comes in pieces of `step` bytes.
    private func cut(
        _ bytes: [UInt8], _ format: RowFormat = .csv(CSVDialect()), for signature: ModelSignature = Formats.iris,
        limits: RowCollector.Limits = limits, offset: Int = 0, step: Int = 5
    ) throws -> Read {
        var collector = RowCollector(format, limits: limits, offset: offset, signature: signature)
        var read = Read()
        func take(_ event: RowCollector.Event?) throws {
            switch event {
            case nil: break
            case .batch(let batch): read.batches.append(batch)
            case .firstRow:
                let csv = try CSVRowReader(collector.firstRow, signature: signature)
                read.reader = .csv(csv)
                if let batch = collector.settle(firstRowIsHeader: csv.hasHeader) { read.batches.append(batch) }
            }
        }
        var start = 0
        while start < bytes.count {
            var piece = bytes[start..<min(start + step, bytes.count)]
            start += step
            while !piece.isEmpty {
                let outcome = piece.withUnsafeBytes { piece in Result { try collector.take(piece) } }
                let (taken, event) = try outcome.get()
                piece = piece.dropFirst(taken)
                try take(event)
            }
        }
        while let event = try collector.finish() { try take(event) }
        return read
    }

    private func cut(
        _ text: String, _ format: RowFormat = .csv(CSVDialect()), for signature: ModelSignature = Formats.iris,
        limits: RowCollector.Limits = limits, offset: Int = 0, step: Int = 5
    ) throws -> Read {
        try cut(Array(text.utf8), format, for: signature, limits: limits, offset: offset, step: step)
    }

    private func decode(
        _ read: Read, for signature: ModelSignature = Formats.iris, skips: Bool = false
    ) throws -> [DecodedRows] {
        var read = read
        return try read.batches.map { batch in
            try read.reader.decode(batch, 0..<batch.count, signature: signature, skipsFaults: skips)
        }
    }

    private static let table = "sepal_length,sepal_width,petal_length,petal_width"

    @Test(arguments: [1, 2, 7, 1000])
    func batchesTogetherAreTheWhole(step: Int) throws {
        let rows = (1...8).map { "\($0),\($0 * 10),3,\"4\"" }
        for text in [([Self.table] + rows).joined(separator: "\n"), rows.joined(separator: "\r\n") + "\r\n"] {
            let decoded = try decode(try cut(text, step: step))
            #expect(decoded.map(\.count) == [3, 3, 2])
            let values = decoded.flatMap { $0.inputs[0].elements(as: Float.self) }
            let expected = (1...8).flatMap { (row: Int) -> [Float] in [Float(row), Float(10 * row), 3, 4] }
            #expect(values == expected)
        }
    }

    /// A table is cut as it is read whole, whatever spreadsheet it comes from and wherever it is cut.
    @Test(arguments: CSVDialectTests.tables)
    func everyDialectIsCut(_ type: String, _ body: [UInt8]) throws {
        let format = try RowFormat.named(type)!
        for step in [1, 2, 3, 7, 1000] {
            let decoded = try decode(try cut(body, format, step: step))
            #expect(decoded.map(\.count) == [2])
            #expect(
                decoded[0].inputs[0].elements(as: Float.self) == [5.1, 3.5, 1.4, 0.2, 6, 2.9, 4.3, 1.3],
                "\(type), \(step)")
        }
    }

    @Test(arguments: [1, 4, 1000]) func cellsOfADialectMayHaveLinesAndCommas(step: Int) throws {
        let text = "sep=;\r\nage;height;name\r\n41;1,8;\"Ann;\r\n\"\"1,5\"\"\"\r\n\r\n7;1,2;a,b\r\n8;3;c\r\n9;4;d\r\n"
        let decoded = try decode(try cut(text, for: Formats.people, step: step), for: Formats.people)
        #expect(decoded.map(\.count) == [3, 1])
        #expect(decoded[0].inputs[1].elements(as: Double.self) == [1.8, 1.2, 3])
        #expect(decoded[0].inputs[2].strings == ["Ann;\r\n\"1,5\"", "a,b", "c"])
    }

    /// What one batch tells of the numbers holds for the next ones, too.
    @Test func onePointIsTooMuchWhereThereAreCommas() throws {
        let rows = ["1,5;2;3;4", "1;2;3;4", "2;2;3;4", "1.500;2;3;4", "2,5;2;3;4"]
        let read = try cut(rows.joined(separator: "\n"))
        let decoded = try decode(read, skips: true)
        #expect(decoded.map(\.count) == [3, 1])
        #expect(
            decoded[1].faults.map(\.error.message) == [
                "input \"X\", row 4, column 1 (line 4): \"1.500\" is not clear: some numbers have a comma and "
                    + "some a point; say decimal=\",\" or \".\""
            ])
        #expect(decoded[1].inputs[0].elements(as: Float.self) == [2.5, 2, 3, 4])
    }

    @Test(arguments: [1, 1000]) func wronglyQuotedCellsEndWithTheirLines(step: Int) throws {
        let rows = ["1;2;3;4", "a\"b,\"c;2;3;4", "\"1\"x,\"y;2;3;4", "5;6;7;8"]
        let decoded = try decode(
            try cut(rows.joined(separator: "\n"), limits: .init(rows: 9, bytes: 1 << 20, rowBytes: 999), step: step),
            skips: true)
        #expect(decoded[0].faults.map(\.row) == [2, 3])
        #expect(decoded[0].inputs[0].elements(as: Float.self) == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test func aCellTooLongIsOneRowsFault() throws {
        let long = String(repeating: "1,", count: 1 << 20)
        let decoded = try decode(
            try cut(
                "1;2;3;4\n\(long);2;3;4\n5;6;7;8", limits: .init(rows: 9, bytes: 1 << 30, rowBytes: 1 << 30), step: 4096
            ),
            skips: true)
        #expect(decoded[0].faults.map(\.row) == [2])
        #expect(decoded[0].count == 2)
    }

    @Test func rowsThatArePassedOverKeepTheirNumbers() throws {
        let rows = (1...8).map { "\($0),0,0,0" }
        for first in [[Self.table], []] {
            let read = try cut((first + rows).joined(separator: "\n"), offset: 4)
            #expect(read.batches.map(\.firstRow) == [5, 8])
            #expect(
                try decode(read).flatMap { $0.inputs[0].elements(as: Float.self) }.filter { $0 > 0 } == [5, 6, 7, 8])
        }
        #expect(try cut(rows.joined(separator: "\n"), offset: 8).batches.isEmpty)
    }

    @Test func wrongRowsAreLeftOutWithTheirPlaces() throws {
        let text = """
            \(Self.table)
            1,2,3,4

            1,x,3,4
            1,2,3
            "1
            ",2,3,4
            1,2,"3"4,5
            5,6,7,8
            """
        let read = try cut(text, step: 3)
        let decoded = try decode(read, skips: true)
        #expect(decoded.map(\.count) == [1, 2])
        let values = decoded.flatMap { $0.inputs[0].elements(as: Float.self) }
        #expect(values == [1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8])
        let faults = decoded.flatMap(\.faults)
        #expect(faults.map(\.row) == [2, 3, 5])
        #expect(faults[0].error.message == #"input "X", row 2, column "sepal_width" (line 4): "x" is not a number"#)
        #expect(faults[1].error.message == "row 3 (line 5) has 3 cells, but the header has 4")
        #expect(faults[2].error.message.hasPrefix("row 5: CSV line 8, column 3:"))
        let error = #expect(throws: SluiceError.self) { try decode(read) }
        #expect(error?.detail.contains(.init("row", 2)) == true)
    }

    @Test func linesAreObjectsOrArrays() throws {
        let text = """
            {"sepal_length":1,"sepal_width":2,"petal_length":3,"petal_width":4}
            {"petal_width":8,"petal_length":7,"sepal_width":6,"sepal_length":5}
              [9, 10, 11, 12]\r

            {"X":[13,14,15,16]}
            """
        let read = try cut(text, .lines)
        let values = try decode(read).flatMap { $0.inputs[0].elements(as: Float.self) }
        #expect(values == (1...16).map { Float($0) })
        #expect(try decode(read).map { $0.inputs[0].shape } == [[3, 4], [1, 4]])
    }

    @Test func linesNameSeveralInputs() throws {
        let text = """
            {"age":1,"height":1.5,"name":"Ann"}
            {"name":"Bob","height":2.5,"age":2}
            """
        let inputs = try #require(try decode(try cut(text, .lines), for: Formats.people).first?.inputs)
        #expect(inputs.map(\.shape) == [[2], [2, 1], [2]])
        #expect(inputs[0].elements(as: Int8.self) == [1, 2])
        #expect(inputs[2].strings == ["Ann", "Bob"])
    }

    @Test func wrongLinesAreLeftOutWithTheirPlaces() throws {
        let text = """
            [1,2]
            [1,2,3,"x"]
            {"sepal_length":1}
            [1,2,3,4],[5,6,7,8]
            {"sepal_lenght":1}
            [5,6,7,8
            nonsense

            [1,2,3,4]
            """
        let decoded = try decode(try cut(text, .lines), skips: true)
        #expect(decoded.map(\.count) == [0, 0, 1])
        let faults = decoded.flatMap(\.faults)
        #expect(faults.map(\.row) == [1, 2, 3, 4, 5, 6, 7])
        #expect(faults[0].error.message == #"input "X", row 1: its shape is [2], but the input is FP32[-1,4]"#)
        #expect(faults[3].error.message.hasPrefix("row 4: invalid JSON at line 4"))
        #expect(faults.allSatisfy { $0.error.code == .invalidInput || $0.error.code == .malformedBody })
    }

    @Test func openRowsMustBeAlike() throws {
        let open = Formats.one(.fp32, [-1, -1])
        let decoded = try decode(try cut("[1,2]\n[3]\n[4,5]\n", .lines, for: open), for: open, skips: true)
        #expect(decoded[0].inputs[0].shape == [2, 2])
        #expect(decoded[0].faults.map(\.row) == [2])
    }

    @Test func fixedDimensionsSettleHowManyRowsGoTogether() {
        #expect(RowPlan(Formats.iris) == .free)
        #expect(RowPlan(Formats.one(.fp32, [2, 3])) == .exact(2))
        #expect(RowPlan(Formats.one(.fp32, [3])) == .whole)
        #expect(RowPlan(Formats.one(.fp32, [])) == .whole)
        #expect(RowPlan(Formats.one(.fp32, [-1])) == .free)
    }

    @Test func aVectorOfFixedLengthIsARow() throws {
        let vector = Formats.one(.fp32, [3])
        let limits = RowCollector.Limits(rows: 1, bytes: 1 << 20, rowBytes: 1 << 10)
        for (text, format) in [("1,2,3\n4,5,6\n", RowFormat.csv(CSVDialect())), ("[1,2,3]\n[4,5,6]\n", .lines)] {
            let decoded = try decode(try cut(text, format, for: vector, limits: limits), for: vector)
            #expect(decoded.map { $0.inputs[0].shape } == [[3], [3]])
        }
    }

    @Test func rowsThatNeverEndAreRefused() {
        for text in ["\"" + String(repeating: "x,\n", count: 1000), String(repeating: "1", count: 2000)] {
            let error = #expect(throws: SluiceError.self) { try cut("1,2,3,4\n" + text, step: 100) }
            #expect(error?.code == .payloadTooLarge)
            #expect(error?.message.hasPrefix("row 2 (line 2) is longer than the 1024 bytes") == true)
        }
    }

    /// Broken texts are read or refused, and never end the process.
    @Test func mutatedTextsAreReadOrRefused() throws {
        var random = SeededRandom(state: 5)
        let seeds = [
            ("\(Self.table)\n1,2,3,4\n5,\"6\",7,8\n\"9\",10,11,12\n", RowFormat.csv(CSVDialect())),
            (
                "[1,2,3,4]\n{\"X\":[5,6,7,8]}\n{\"sepal_length\":1,\"sepal_width\":2,\"petal_length\":3,\"petal_width\":4}\n",
                .lines
            ),
        ]
        for (seed, format) in seeds {
            for _ in 0..<2_000 {
                var bytes = Array(seed.utf8)
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...127, using: &random)
                }
                let text = String(decoding: bytes, as: UTF8.self)
                guard let read = try? cut(text, format, step: Int.random(in: 1...20, using: &random)) else { continue }
                let decoded = try decode(read, skips: true)
                for (batch, rows) in zip(read.batches, decoded) {
                    #expect(rows.count + rows.faults.count == batch.count)
                }
                _ = try? decode(read)
            }
        }
    }
}
