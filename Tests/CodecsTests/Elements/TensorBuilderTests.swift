import Tensors
import Testing

@testable import Codecs

@Suite("Building tensors from text")
struct TensorBuilderTests {
    /// Appends each cell in turn and finishes as a vector.
    private func vector(_ dataType: DataType, cells: [String]) throws -> Tensor {
        let builder = TensorBuilder(dataType)
        for cell in cells { try Array(cell.utf8).withUnsafeBytes { try builder.append(cell: $0) } }
        return try builder.finish(name: "X", shape: [cells.count])
    }

    private func fault(_ dataType: DataType, _ cell: String) -> ElementFault? {
        let builder = TensorBuilder(dataType)
        do {
            try Array(cell.utf8).withUnsafeBytes { try builder.append(cell: $0) }
            return nil
        } catch let fault as ElementFault {
            return fault
        } catch {
            return nil
        }
    }

    @Test func elementsLandInTheDataTypesOwnWidth() throws {
        #expect(try vector(.int8, cells: ["-128", "127", "1.0"]).elements(as: Int8.self) == [-128, 127, 1])
        #expect(try vector(.uint16, cells: ["65535"]).elements(as: UInt16.self) == [65535])
        #expect(try vector(.int64, cells: ["-9223372036854775808"]).elements(as: Int64.self) == [.min])
        #expect(try vector(.uint64, cells: ["18446744073709551615"]).elements(as: UInt64.self) == [.max])
        #expect(try vector(.fp16, cells: ["1.5", "-0"]).elements(as: UInt16.self) == [0x3E00, 0x8000])
        #expect(try vector(.bf16, cells: ["1.5"]).elements(as: UInt16.self) == [0x3FC0])
        #expect(try vector(.fp32, cells: ["0.1", " 2 "]).elements(as: Float.self) == [0.1, 2])
        #expect(try vector(.fp64, cells: ["+.5"]).elements(as: Double.self) == [0.5])
        #expect(
            try vector(.bool, cells: ["true", "False", "1", " 0 "]).elements(as: UInt8.self) == [1, 0, 1, 0])
        #expect(try vector(.bytes, cells: ["a", "", " é "]).strings == ["a", "", " é "])
    }

    @Test func cellsMayNameWhatIsNoNumber() throws {
        let values = try vector(.fp64, cells: ["NaN", "inf", "-Infinity", "+INF"]).elements(as: Double.self)
        #expect(values[0].isNaN)
        #expect(values[1...] == [.infinity, -.infinity, .infinity])
        #expect(try vector(.fp16, cells: ["-inf"]).elements(as: UInt16.self) == [0xFC00])
        #expect(try vector(.bf16, cells: ["inf"]).elements(as: UInt16.self) == [0x7F80])
        #expect(fault(.int32, "NaN")?.kind == .notANumber)
    }

    @Test(arguments: [
        (DataType.int8, "300", "300 is out of range for INT8 (-128 to 127)"),
        (.uint8, "-1", "-1 is out of range for UINT8 (0 to 255)"),
        (.int32, "1.5", "1.5 is not a whole number, as INT32 needs"),
        (.fp16, "1e5", "1e5 is out of range for FP16"),
        (.fp32, "1e39", "1e39 is out of range for FP32"),
        (.fp32, "abc", "\"abc\" is not a number"),
        (.fp32, "1 2", "\"1 2\" is not a number"),
        (.fp32, "  ", "it is empty, but FP32 needs a number"),
        (.bool, "yes", "\"yes\" is neither true nor false"),
        (.bool, "", "it is empty, but BOOL needs true or false"),
        (.fp64, "0x10", "\"0x10\" is not a number"),
        (.fp64, String(repeating: "é", count: 40), "\"\(String(repeating: "é", count: 20))…\" is not a number"),
    ])
    func cellThatIsNoElementIsRefused(dataType: DataType, cell: String, reason: String) {
        #expect(fault(dataType, cell)?.reason == reason)
    }

    @Test func valueOfTheWrongSortIsRefused() {
        #expect(throws: ElementFault(.wrongSort, text: "true", dataType: .fp32)) {
            try TensorBuilder(.fp32).append(true)
        }
        #expect(throws: ElementFault(.wrongSort, text: "a string", dataType: .int8)) {
            try TensorBuilder(.int8).append(bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        #expect(ElementFault(.wrongSort, text: "null", dataType: .bytes).reason == "BYTES needs a string, not null")
    }

    @Test func errorNamesThePlace() {
        let place = ElementPlace(input: "X", row: 3, column: "petal_width", line: 5)
        let error = ElementFault(.notANumber, text: "abc", dataType: .fp32).error(at: place)
        #expect(error.code == .invalidInput)
        #expect(error.message == "input \"X\", row 3, column \"petal_width\" (line 5): \"abc\" is not a number")
        #expect(
            error.detail == [.init("input", "X"), .init("row", 3), .init("column", "petal_width"), .init("line", 5)])
        #expect(ElementPlace(input: "X", row: 1, column: "2").description == "input \"X\", row 1, column 2")
        #expect(ElementPlace(input: "X", element: 9).description == "input \"X\", element 9")
    }

    @Test func growingKeepsEveryElementAndTheAlignment() throws {
        let numbers = TensorBuilder(.int32, expectedCount: 3)
        let texts = TensorBuilder(.bytes)
        for value in 0..<5000 {
            try Array("\(value)".utf8).withUnsafeBytes {
                try numbers.append(cell: $0)
                try texts.append(cell: $0)
            }
        }
        let tensor = try numbers.finish(name: "n", shape: [50, 100])
        #expect(tensor.elements(as: Int32.self) == Array(0..<5000))
        #expect(tensor.byteCount == 20_000)
        #expect(tensor.withBytes { UInt(bitPattern: $0.baseAddress) % UInt(TensorStorage.alignment) } == 0)
        let strings = try texts.finish(name: "s", shape: [5000])
        #expect(strings.strings == (0..<5000).map(String.init))
        #expect(UInt(bitPattern: strings.storage.base) % UInt(TensorStorage.alignment) == 0)
    }

    @Test func shapeMustTakeExactlyTheElements() {
        let builder = TensorBuilder(.bool)
        #expect(throws: SluiceError.self) { try builder.finish(name: "X", shape: [1]) }
        do {
            try builder.append(true)
            _ = try builder.finish(name: "X", shape: [2, 3])
            Issue.record("a shape of six took one element")
        } catch let error as SluiceError {
            #expect(error.message == "input \"X\": shape [2,3] takes 6 elements, but there are 1")
        } catch {
            Issue.record(error)
        }
        #expect(throws: SluiceError.self) { try builder.finish(name: "X", shape: [.max, .max]) }
        #expect(throws: SluiceError.self) { try builder.finish(name: "X", shape: [-1]) }
    }

    @Test func finishedBuilderIsEmpty() throws {
        let builder = TensorBuilder(.bytes)
        try builder.append(bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(try builder.finish(name: "X", shape: []).strings == [""])
        #expect(try builder.finish(name: "Y", shape: [0]).strings == [])
    }
}
