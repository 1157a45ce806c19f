import Tensors
import Testing

@Suite struct CharacterCountTests {
    @Test func charactersAreUnicodeScalarsOfAllElements() throws {
        let text = try Tensor(name: "t", shape: [3], strings: ["abc", "", "äß€😀"])
        #expect(text.characterCount == 7)
    }

    @Test func numbersHaveNone() throws {
        let numbers = try Tensor(name: "n", dataType: .int32, shape: [2], copying: [1, 2] as [Int32])
        #expect(numbers.characterCount == 0)
    }
}
