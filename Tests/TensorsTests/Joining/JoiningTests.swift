import Tensors
import Testing

@Suite struct JoiningTests {
    private static func tensor(_ dataType: DataType, _ shape: [Int], from first: Int) throws -> Tensor {
        let count = shape.reduce(1, *)
        if dataType == .bytes {
            return try Tensor(
                name: "x", shape: shape, strings: (0..<count).map { String(repeating: "é", count: ($0 + first) % 5) })
        }
        let bytes = (0..<(count * dataType.byteWidth)).map { UInt8(truncatingIfNeeded: $0 * 7 + first) }
        return try Tensor(name: "x", dataType: dataType, shape: shape, copying: bytes)
    }

    private static func bytes(_ tensor: Tensor) -> [[UInt8]] {
        tensor.dataType == .bytes
            ? (0..<tensor.elementCount).map { index in tensor.withElement(index) { Array($0) } }
            : [tensor.withBytes { Array($0) }]
    }

    @Test(arguments: DataType.allCases) func whatIsJoinedComesApartAgain(dataType: DataType) throws {
        for tail in [[], [3], [2, 0], [2, 1, 2]] {
            let parts = try [1, 4, 2, 0, 3].map { rows in
                try Self.tensor(dataType, [rows] + tail, from: rows)
            }
            let joined = try #require(Tensor.joining(parts))
            #expect(joined.shape == [10] + tail)
            var start = 0
            for part in parts {
                let rows = try #require(joined.rows(start..<(start + part.shape[0])))
                #expect(rows.shape == part.shape)
                #expect(Self.bytes(rows) == Self.bytes(part), "\(dataType)\(part.shape)")
                start += part.shape[0]
            }
            #expect(joined.rows(8..<11) == nil)
        }
    }

    @Test(arguments: DataType.allCases) func raggedOnesAreFilledUpAndCutBack(dataType: DataType) throws {
        let fill = try #require(FillElement(1, dataType: dataType))
        let shapes = [[1, 2, 3, 2], [2, 4, 1, 2], [1, 1, 5, 2], [1, 0, 2, 2]]
        let parts = try shapes.enumerated().map { try Self.tensor(dataType, $1, from: $0 * 3) }
        let joined = try #require(Tensor.joining(parts, fill: fill))
        #expect(joined.shape == [5, 4, 5, 2])
        var start = 0
        for part in parts {
            let rows = try #require(joined.rows(start..<(start + part.shape[0])))
            let corner = try #require(rows.corner(part.shape))
            #expect(corner.shape == part.shape)
            #expect(Self.bytes(corner) == Self.bytes(part), "\(dataType)\(part.shape)")
            start += part.shape[0]
        }
        #expect(joined.corner([5, 4, 6, 2]) == nil)
    }

    @Test func theFillingIsWhatWasAskedFor() throws {
        let short = try Tensor(name: "ids", dataType: .int64, shape: [1, 2], copying: [5, 6] as [Int64])
        let long = try Tensor(name: "ids", dataType: .int64, shape: [2, 3], copying: [1, 2, 3, 4, 5, 6] as [Int64])
        let joined = try #require(Tensor.joining([short, long], fill: FillElement(-7, dataType: .int64)))
        #expect(joined.shape == [3, 3])
        #expect(joined.elements(as: Int64.self) == [5, 6, -7, 1, 2, 3, 4, 5, 6])
        let words = try Tensor(name: "w", shape: [1, 1], strings: ["one"])
        let more = try Tensor(name: "w", shape: [1, 2], strings: ["two", "three"])
        let text = try #require(Tensor.joining([words, more, words], fill: FillElement(0, dataType: .bytes)))
        #expect(text.strings == ["one", "", "two", "three", "one", ""])
    }

    @Test func whatDoesNotFitIsNotJoined() throws {
        let one = try Self.tensor(.fp32, [1, 2], from: 0)
        for other in [
            try Self.tensor(.fp32, [1, 3], from: 0), try Self.tensor(.int32, [1, 2], from: 0),
            try Self.tensor(.fp32, [1, 2, 1], from: 0),
        ] { #expect(Tensor.joining([one, other]) == nil) }
        #expect(Tensor.joining([try Self.tensor(.fp32, [], from: 0)]) == nil)
        #expect(Tensor.joining([]) == nil)
    }

    @Test(arguments: [
        (DataType.uint8, 256.0), (.uint8, -1), (.int8, 1.5), (.bool, 2), (.fp16, 1e6), (.bf16, 1e39), (.fp32, 1e39),
        (.int64, .infinity),
    ])
    func noFillingBeyondTheType(dataType: DataType, value: Double) {
        #expect(FillElement(value, dataType: dataType) == nil)
    }

    @Test func copiesShareNothing() throws {
        for dataType in DataType.allCases {
            let tensor = try Self.tensor(dataType, [2, 3], from: 1)
            let copy = try #require(tensor.copied)
            #expect(copy.shape == tensor.shape && Self.bytes(copy) == Self.bytes(tensor))
            #expect(copy.storage !== tensor.storage)
        }
    }
}
