import Tensors
import Testing

@testable import Codecs

/// Rows of plain numbers are read by a loop of their own; what they become must not depend on that.
@Suite struct PlainRowsTests {
    /// What the loop doesn't take in comes behind the numbers: it ends 32 bytes before the text.
    private static let space = String(repeating: " ", count: 64)

    private func json(_ text: String, _ signature: ModelSignature = Models.iris) throws -> Tensor {
        try JSONCodec().decode(RequestBody(text), signature: signature).inputs[0]
    }

    private func csv(_ text: String, _ signature: ModelSignature = Models.iris) throws -> Tensor {
        try CodecRegistry().decode(
            RequestBody(text), facts: .init(contentType: "text/csv; header=absent"), signature: signature
        ).inputs[0]
    }

    private func rows(_ count: Int, _ write: (Int) -> String = { "\($0).5,-\($0),0.25,1" }) -> [String] {
        (0..<count).map(write)
    }

    private func array(_ rows: [String], separator: String = ",") -> String {
        "[" + rows.map { "[\($0)]" }.joined(separator: separator) + "]" + Self.space
    }

    private func message(_ work: () throws -> Tensor) -> String? {
        do {
            _ = try work()
            return nil
        } catch {
            return (error as? SluiceError)?.message
        }
    }

    private func expected(_ count: Int) -> [Float] {
        (0..<count).flatMap { number -> [Float] in [Float(number) + 0.5, -Float(number), 0.25, 1] }
    }

    @Test(arguments: [1, 2, 3, 50, 3000])
    func manyRowsAreTakenWhole(count: Int) throws {
        for tensor in [
            try json(array(rows(count))), try json(array(rows(count), separator: " ,\n ")),
            try csv(rows(count).joined(separator: "\n")), try csv(rows(count).joined(separator: "\r\n") + "\r\n"),
            try csv(rows(count).joined(separator: "\r")), try csv(rows(count).joined(separator: "\n\n\r\n")),
        ] {
            #expect(tensor.shape == [count, 4])
            #expect(tensor.elements(as: Float.self) == expected(count))
        }
    }

    @Test func whatIsWrittenOtherwiseIsReadInItsPlace() throws {
        var lines = rows(100)
        lines[40] = "40.5 , -4e1,2500000000000000000e-19,1.0"
        #expect(try json(array(lines)).elements(as: Float.self) == expected(100))
        lines[40] = "\"40.5\", -4e1 ,.25,+1"
        #expect(try csv(lines.joined(separator: "\n")).elements(as: Float.self) == expected(100))
    }

    @Test func everyDataTypeTakesRows() throws {
        func check<Element: FixedWidthInteger & BitwiseCopyable>(
            _ dataType: DataType, as type: Element.Type
        ) throws {
            let signature = Models.single(dataType, [-1, 3], batching: .concat)
            let lines = rows(60) { "\($0),1,\(Element.max / 2)" }
            let elements: [Element] = (0..<60).flatMap { number -> [Element] in [Element(number), 1, Element.max / 2] }
            #expect(try json(array(lines), signature).elements(as: type) == elements)
            #expect(try csv(lines.joined(separator: "\n"), signature).elements(as: type) == elements)
        }
        try check(.uint8, as: UInt8.self)
        try check(.uint16, as: UInt16.self)
        try check(.uint32, as: UInt32.self)
        try check(.uint64, as: UInt64.self)
        try check(.int8, as: Int8.self)
        try check(.int16, as: Int16.self)
        try check(.int32, as: Int32.self)
        try check(.int64, as: Int64.self)
        for dataType in [DataType.fp64, .fp16, .bf16] {
            let signature = Models.single(dataType, [-1, 3], batching: .concat)
            let tensor = try json(array(rows(60) { _ in "1,0.5,2" }), signature)
            #expect(tensor.shape == [60, 3])
            let one = try json("[[1,0.5,2]]", signature)
            #expect(tensor.withBytes { Array($0.prefix(one.byteCount)) } == one.withBytes { Array($0) })
        }
    }

    @Test func rowsInRowsAreTaken() throws {
        let signature = Models.single(.fp32, [-1, 20, 2], batching: .concat)
        let picture = "[" + (0..<20).map { "[\($0),0.5]" }.joined(separator: ",") + "]"
        let tensor = try json("[\(picture),\(picture)]" + Self.space, signature)
        #expect(tensor.shape == [2, 20, 2])
        let once: [Float] = (0..<20).flatMap { number -> [Float] in [Float(number), 0.5] }
        #expect(tensor.elements(as: Float.self) == once + once)
    }

    @Test func whatIsWrongIsToldWithItsRow() {
        func says(_ line: String, _ csvLine: String? = nil, _ json: String, _ csv: String) {
            var lines = rows(100)
            lines[70] = line
            let inJSON = message { try self.json(array(lines)) }
            #expect(inJSON?.contains(json) == true, "\(inJSON ?? "nothing")")
            lines[70] = csvLine ?? line
            let inCSV = message { try self.csv(lines.joined(separator: "\n")) }
            #expect(inCSV?.contains(csv) == true, "\(inCSV ?? "nothing")")
        }
        says("1,2,3", nil, "row 71", "row 71 (line 71)")
        says("1,2,3,4,5", nil, "row 71", "row 71 (line 71)")
        says("1,2,true,4", "1,2,x,4", "row 71", "row 71")
        says("1,2,1e99,4", nil, "row 71", "row 71")
        says("1,2,3,4]", "1,2,\"3,4", "line 1", "line 71")
        let cut = message { try self.json("[" + rows(100).map { "[\($0)]" }.joined(separator: ",") + ",") }
        #expect(cut?.contains("the text ends") == true, "\(cut ?? "nothing")")
        let joined = message { try self.json("[" + rows(100).map { "[\($0)]" }.joined(separator: " ") + "]") }
        #expect(joined?.contains("expected") == true, "\(joined ?? "nothing")")
    }

    @Test func batchesEndWhereTheirRowsDo() throws {
        let signature = Models.iris
        let limits = RowCollector.Limits(rows: 64, bytes: 1 << 20, rowBytes: 1 << 10)
        let dialect = CSVDialect(hasHeader: false)
        var collector = RowCollector(.csv(dialect), limits: limits, offset: 0, signature: signature)
        let text = Array((rows(64).joined(separator: "\n") + "\n").utf8)
        var reader: CSVRowReader?
        var batch: RowBatch?
        func take(_ event: RowCollector.Event?) throws {
            switch event {
            case .firstRow:
                reader = try CSVRowReader(collector.firstRow, signature: signature)
                batch = collector.settle(firstRowIsHeader: false) ?? batch
            case .batch(let full): batch = full
            case nil: break
            }
        }
        var start = 0
        while start < text.count {
            let outcome = text.withUnsafeBytes { bytes in
                Result { try collector.take(UnsafeRawBufferPointer(rebasing: bytes[start...])) }
            }
            let (taken, event) = try outcome.get()
            start += taken
            try take(event)
        }
        while let event = try collector.finish() { try take(event) }
        let full = try #require(batch)
        var csv = try #require(reader)
        // Any part of a batch is read by itself, as when one of its rows is wrong.
        for range in [0..<64, 0..<1, 5..<40, 63..<64] {
            let decoded = try csv.decode(full, range, signature: signature, skipsFaults: false)
            #expect(decoded.count == range.count)
            let wanted = Array(expected(64)[(4 * range.lowerBound)..<(4 * range.upperBound)])
            #expect(decoded.inputs[0].elements(as: Float.self) == wanted)
        }
    }
}
