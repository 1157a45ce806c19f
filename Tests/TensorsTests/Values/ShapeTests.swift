import Tensors
import Testing

@Suite struct ShapeTests {
    @Test(
        arguments: [
            ([], 1),
            ([0], 0),
            ([7], 7),
            ([2, 3, 4], 24),
            ([2, 0, 4], 0),
            ([.max], .max),
            ([.max, 1, 1], .max),
            ([.max, 0], 0),
            ([0, .max], 0),
            ([1 << 31, 1 << 31], 1 << 62),
            ([-1], nil),
            ([0, -1], nil),
            ([-1, 0], nil),
            ([.min, .min], nil),
            ([.max, 2], nil),
            ([1 << 32, 1 << 31], nil),
            ([1 << 32, 1 << 32], nil),
            ([0, 1 << 32, 1 << 32], nil),
            ([1 << 32, 1 << 32, 0], nil),
        ] as [([Int], Int?)]) func countsElementsOrRefuses(shape: [Int], count: Int?)
    {
        #expect(Shape.elementCount(shape) == count)
    }

    @Test(
        arguments: [
            ([2, 3], DataType.fp32, 24),
            ([2, 3], .bool, 6),
            ([], .fp64, 8),
            ([0, 5], .int64, 0),
            ([.max / 4], .fp32, .max / 4 * 4),
            ([.max / 4 + 1], .fp32, nil),
            ([.max], .uint16, nil),
            ([-1], .fp32, nil),
            ([3], .bytes, nil),
        ] as [([Int], DataType, Int?)]) func countsBytesOrRefuses(shape: [Int], type: DataType, count: Int?)
    {
        #expect(Shape.byteCount(shape, of: type) == count)
    }

    @Test func showsShapesWithoutBlanks() {
        #expect(Shape.text([]) == "[]")
        #expect(Shape.text([-1, 4]) == "[-1,4]")
    }
}
