import Tensors
import Testing

@Suite struct EnvelopeTests {
    @Test func factsAddUpAllInputs() throws {
        let envelope = try Envelope(
            id: "r1",
            inputs: [
                Tensor(name: "x", dataType: .fp32, shape: [2, 3], copying: Array(repeating: Float(1), count: 6)),
                Tensor(name: "s", shape: [2], strings: ["ab", "cde"]),
            ])
        #expect(envelope.facts.elements == 8)
        #expect(envelope.facts.bytes == 29)
    }

    @Test(
        arguments: [
            (.bool(true), "true"), (.bool(false), "false"), (.integer(.min), "-9223372036854775808"),
            (.unsigned(.max), "18446744073709551615"), (.double(0.1), "0.1"), (.string("a b"), "a b"),
        ] as [(Envelope.Parameter.Value, String)]) func pluginsGetParametersAsText(
            value: Envelope.Parameter.Value, text: String
        )
    {
        #expect(value.text == text)
    }
}
