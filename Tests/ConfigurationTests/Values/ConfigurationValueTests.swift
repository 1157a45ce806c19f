import Configuration
import Testing

@Suite struct ConfigurationValueTests {
    private let value = ConfigurationValue.mapping([
        ("file", .string("./a \"b\"\n")), ("shape", .list([.integer(4), .list([.bool(true)])])),
        ("input", .mapping([("name", .string("X")), ("none", .null), ("scale", .double(0.1))])),
        ("empty", .mapping([])), ("nothing", .list([])),
    ])

    @Test func jsonKeepsOrderAndEscapes() {
        #expect(
            value.json
                == #"{"file":"./a \"b\"\n","shape":[4,[true]],"input":{"name":"X","none":null,"scale":0.1},"#
                + #""empty":{},"nothing":[]}"#)
    }

    @Test(arguments: [
        (0.1, "0.1"), (1.0, "1.0"), (-0.0, "-0.0"), (1e22, "1e+22"), (.leastNonzeroMagnitude, "5e-324"),
        (1.0 / 3, "0.3333333333333333"),
    ])
    func doublesAreAsShortAsTheyReadBack(_ number: Double, _ text: String) {
        #expect(ConfigurationValue.double(number).json == text)
        #expect(Double(text) == number)
    }

    @Test func stringsAreEscapedAsJSONAsks() {
        #expect(ConfigurationValue.string("\u{0}\u{1F}\t\\/é😀\u{7F}").json == "\"\\u0000\\u001f\\t\\\\/é😀\u{7F}\"")
    }

    @Test func optionsAreScalarsByDottedPath() {
        #expect(
            value.options.map { "\($0.key)=\($0.value)" } == [
                "file=./a \"b\"\n", "shape.0=4", "shape.1.0=true", "input.name=X", "input.none=", "input.scale=0.1",
            ])
    }

    @Test func integersKeepAll64Bits() {
        #expect(ConfigurationValue.integer(.min).json == "-9223372036854775808")
        #expect(ConfigurationValue.integer(.max).json == "9223372036854775807")
    }
}
