import Tensors
import Testing

@Suite struct TensorDifferenceTests {
    private static func scores(_ rows: [[Float]], type: DataType = .fp32) throws -> Tensor {
        try Tensor(
            name: "s", dataType: .fp32, shape: [rows.count, rows[0].count], copying: rows.flatMap { $0 })
    }

    @Test func scoresAgreeWhereTheirLargestStandsAtTheSamePlace() throws {
        let left = try Self.scores([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]])
        let right = try Self.scores([[0.2, 0.8], [0.25, 0.75], [0.5, 0.5]])
        let difference = try #require(TensorDifference(left, right))
        #expect((difference.rows, difference.agreeing) == (3, 2))
        #expect(abs((difference.maxError ?? 0) - 0.35) < 1e-6)
    }

    @Test func whatIsNoNumberIsInfinitelyFarFromOneAndNoTopAnswer() throws {
        let left = try Self.scores([[.nan, 1], [.infinity, 0]])
        #expect(TensorDifference(left, left)?.maxError == 0)
        let right = try Self.scores([[2, 1], [.infinity, 0]])
        let difference = try #require(TensorDifference(left, right))
        #expect(difference.maxError == .infinity)
        #expect((difference.rows, difference.agreeing) == (2, 1))
    }

    @Test func oneNumberARowHasNoTopAnswer() throws {
        let left = try Tensor(name: "y", dataType: .fp64, shape: [2], copying: [1.0, 2.0])
        let right = try Tensor(name: "y", dataType: .fp64, shape: [2], copying: [1.5, 2.0])
        #expect(TensorDifference(left, right) == (try Self.difference(rows: 0, agreeing: 0, maxError: 0.5)))
    }

    @Test func wholeNumbersAgreeOneByOneHoweverFarApart() throws {
        let left = try Tensor(name: "y", dataType: .int64, shape: [3], copying: [Int64.min, 5, 7])
        let right = try Tensor(name: "y", dataType: .int64, shape: [3], copying: [Int64.max, 5, 9])
        #expect(
            TensorDifference(left, right) == (try Self.difference(rows: 3, agreeing: 1, maxError: Double(UInt64.max))))
        let one = try Tensor(name: "y", dataType: .int8, shape: [1], copying: [Int8(-128)])
        let other = try Tensor(name: "y", dataType: .int8, shape: [1], copying: [Int8(127)])
        #expect(TensorDifference(one, other)?.maxError == 255)
    }

    @Test func textsAgreeByteByByte() throws {
        let left = try Tensor(name: "y", shape: [3], strings: ["a", "", "versicolor"])
        let right = try Tensor(name: "y", shape: [3], strings: ["a", "b", "versicolour"])
        #expect(TensorDifference(left, right) == (try Self.difference(rows: 3, agreeing: 1, maxError: nil)))
    }

    @Test func halvesAreReadAsTheyAre() throws {
        let left = try Tensor(name: "y", dataType: .fp16, shape: [1, 2], copying: [Float16(1), Float16(2)])
        let right = try Tensor(name: "y", dataType: .fp16, shape: [1, 2], copying: [Float16(1.5), Float16(2)])
        #expect(TensorDifference(left, right) == (try Self.difference(rows: 1, agreeing: 1, maxError: 0.5)))
        let one = try Tensor(name: "y", dataType: .bf16, shape: [1], copying: [UInt16(0x3F80)])
        let other = try Tensor(name: "y", dataType: .bf16, shape: [1], copying: [UInt16(0x4000)])
        #expect(TensorDifference(one, other)?.maxError == 1)
    }

    @Test func otherFormsCannotBeCompared() throws {
        let left = try Tensor(name: "y", dataType: .fp32, shape: [2], copying: [Float(1), 2])
        #expect(
            TensorDifference(left, try Tensor(name: "y", dataType: .fp32, shape: [1, 2], copying: [Float(1), 2])) == nil
        )
        #expect(
            TensorDifference(left, try Tensor(name: "y", dataType: .int32, shape: [2], copying: [Int32(1), 2])) == nil)
        let empty = try Tensor(name: "y", dataType: .fp32, shape: [3, 0], copying: [Float]())
        #expect(TensorDifference(empty, empty) == (try Self.difference(rows: 0, agreeing: 0, maxError: 0)))
    }

    @Test func copiesAreEqualAndApart() throws {
        let texts = try Tensor(name: "y", shape: [2, 1], strings: ["ab", "c"])
        let copy = try #require(texts.copied)
        #expect(copy.strings == ["ab", "c"] && copy.shape == [2, 1] && copy.storage !== texts.storage)
        let numbers = try Tensor(name: "y", dataType: .fp32, shape: [2], copying: [Float(1), 2])
        #expect(numbers.copied?.elements(as: Float.self) == [1, 2])
        #expect((texts.heldBytes, numbers.heldBytes) == (27, 8))
    }

    private static func difference(rows: Int, agreeing: Int, maxError: Double?) throws -> TensorDifference? {
        let one = try Tensor(name: "y", dataType: .fp32, shape: [1], copying: [Float(1)])
        var difference = TensorDifference(one, one)
        difference?.rows = rows
        difference?.agreeing = agreeing
        difference?.maxError = maxError
        return difference
    }
}
