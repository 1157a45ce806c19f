import Tensors
import Testing

@Suite struct InputBoundsTests {
    private static func bounds(_ change: (inout InputBounds) -> Void) -> InputBounds {
        var bounds = InputBounds(input: "X")
        change(&bounds)
        return bounds
    }

    private static func message(_ bounds: InputBounds, _ tensor: Tensor) -> String? {
        do throws(SluiceError) {
            try bounds.check(tensor)
            return nil
        } catch {
            #expect(error.code == .invalidInput)
            #expect(error.detail.contains(.init("input", "X")))
            return error.message
        }
    }

    private static func floats(_ values: [Float], _ shape: [Int]) throws -> Tensor {
        try Tensor(name: "X", dataType: .fp32, shape: shape, copying: values)
    }

    @Test func theFirstNumberOutOfRangeIsNamedWithItsPlaceAndBound() throws {
        let range = Self.bounds { ($0.least, $0.most) = (0, 5) }
        #expect(Self.message(range, try Self.floats([0, 5, 2.5, 1], [2, 2])) == nil)
        #expect(
            Self.message(range, try Self.floats([1, 2, 3, 7.5, 9, 0], [2, 3]))
                == "input \"X\": the number at [1,0] is 7.5, above 5")
        #expect(
            Self.message(range, try Self.floats([1, -0.5], [2])) == "input \"X\": the number at [1] is -0.5, below 0")
        #expect(Self.message(range, try Self.floats([.nan], [1])) == "input \"X\": the number at [0] is not a number")
        #expect(
            Self.message(range, try Self.floats([.infinity], [1])) == "input \"X\": the number at [0] is inf, above 5")
    }

    @Test func finiteRefusesWhatIsNoNumberOrInfinite() throws {
        let finite = Self.bounds { $0.isFinite = true }
        #expect(
            Self.message(finite, try Self.floats([.greatestFiniteMagnitude, -.greatestFiniteMagnitude], [2])) == nil)
        #expect(
            Self.message(finite, try Self.floats([0, -.infinity], [2]))
                == "input \"X\": the number at [1] is not finite")
        let doubles = try Tensor(name: "X", dataType: .fp64, shape: [2], copying: [1.0, Double.nan])
        #expect(Self.message(finite, doubles) == "input \"X\": the number at [1] is not a number")
        let halves = try Tensor(name: "X", dataType: .fp16, shape: [2], copying: [Float16(1), .infinity])
        #expect(Self.message(finite, halves) == "input \"X\": the number at [1] is not finite")
        let brain = try Tensor(name: "X", dataType: .bf16, shape: [2], copying: [UInt16(0x3F80), 0x7FC0])
        #expect(Self.message(finite, brain) == "input \"X\": the number at [1] is not a number")
    }

    @Test func everyPlaceOfALongTensorIsLookedAt() throws {
        let range = Self.bounds { $0.most = 1 }
        var values = Array(repeating: Float(1), count: 5_000)
        for place in [0, 1, 1_022, 1_023, 1_024, 1_025, 2_047, 2_048, 4_095, 4_999] {
            values[place] = 2
            #expect(
                Self.message(range, try Self.floats(values, [5_000]))
                    == "input \"X\": the number at [\(place)] is 2, above 1")
            values[place] = 1
        }
        #expect(Self.message(range, try Self.floats(values, [5_000])) == nil)
    }

    @Test func wholeNumbersAreComparedExactly() throws {
        let range = Self.bounds { ($0.least, $0.most) = (-0.5, 3.5) }
        let small = try Tensor(name: "X", dataType: .int8, shape: [3], copying: [Int8(0), 3, 4])
        #expect(Self.message(range, small) == "input \"X\": the number at [2] is 4, above 3.5")
        let wide = Self.bounds { ($0.least, $0.most) = (-1e30, 1e30) }
        let large = try Tensor(name: "X", dataType: .int64, shape: [2], copying: [Int64.min, .max])
        #expect(Self.message(wide, large) == nil)
        let never = Self.bounds { $0.least = 300 }
        let bytes = try Tensor(name: "X", dataType: .uint8, shape: [1], copying: [UInt8(255)])
        #expect(Self.message(never, bytes) == "input \"X\": the number at [0] is 255, below 300")
        let negative = Self.bounds { $0.most = -1 }
        #expect(Self.message(negative, bytes) == "input \"X\": the number at [0] is 255, above -1")
    }

    @Test func aBoundThatNoFloatHasLetsNothingInBeyondIt() throws {
        let range = Self.bounds { $0.most = 0.1 }
        // The float next to 0.1 is larger than it.
        #expect(Self.message(range, try Self.floats([Float(0.1)], [1])) != nil)
        #expect(Self.message(range, try Self.floats([Float(0.1).nextDown], [1])) == nil)
    }

    @Test func shapesAndTextsHaveALargestSize() throws {
        let shape = Self.bounds { $0.maxShape = [-1, 4] }
        #expect(Self.message(shape, try Self.floats([1, 2, 3, 4], [1, 4])) == nil)
        #expect(
            Self.message(shape, try Self.floats([1, 2, 3, 4, 5], [1, 5]))
                == "input \"X\": its shape [1,5] is beyond [-1,4]")
        #expect(Self.message(shape, try Self.floats([1, 2], [2])) == "input \"X\": its shape [2] is beyond [-1,4]")
        let text = Self.bounds { $0.maxText = 3 }
        #expect(Self.message(text, try Tensor(name: "X", shape: [2], strings: ["abc", ""])) == nil)
        #expect(
            Self.message(text, try Tensor(name: "X", shape: [1, 2], strings: ["abc", "zoë"]))
                == "input \"X\": the text at [0,1] has 4 bytes, above max_text 3")
    }

    @Test func whatAnInputCanNotHaveIsSaid() {
        let spec = TensorSpec(name: "X", dataType: .bytes, shape: [-1, 1])
        #expect(Self.bounds { $0.isFinite = true }.mismatch(with: spec)?.hasPrefix("finite is for numbers") == true)
        #expect(Self.bounds { $0.most = 1 }.mismatch(with: spec)?.hasPrefix("range is for numbers") == true)
        #expect(Self.bounds { $0.maxShape = [1] }.mismatch(with: spec)?.hasPrefix("max_shape has 1 dimensions") == true)
        #expect(Self.bounds { $0.maxText = 1 }.mismatch(with: spec) == nil)
        let numbers = TensorSpec(name: "X", dataType: .fp32, shape: nil)
        #expect(Self.bounds { $0.maxText = 1 }.mismatch(with: numbers)?.hasPrefix("max_text is for texts") == true)
        #expect(Self.bounds { ($0.most, $0.maxShape) = (1, [1]) }.mismatch(with: numbers) == nil)
    }
}
