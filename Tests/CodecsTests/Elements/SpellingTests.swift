import Testing

@testable import Codecs

@Suite("Spelling")
struct SpellingTests {
    private let names = ["sepal_length", "sepal_width", "petal_length", "petal_width", "X"]

    @Test(arguments: [
        ("petal_wdth", "petal_width"), ("Sepal_Length", "sepal_length"), ("sepal width", "sepal_width"), ("x", "X"),
    ])
    func nearNameIsSuggested(typed: String, meant: String) {
        #expect(Spelling.nearest(to: typed, among: names) == meant)
        #expect(Spelling.suggestion(for: typed, among: names) == "; did you mean \"\(meant)\"?")
    }

    @Test(arguments: ["", "colour", "Y", String(repeating: "sepal_length", count: 100)])
    func farNameIsNot(typed: String) {
        #expect(Spelling.suggestion(for: typed, among: names) == "")
    }
}
