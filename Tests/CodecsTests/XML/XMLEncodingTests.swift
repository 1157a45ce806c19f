import Codecs
import Tensors
import Testing

@Suite struct XMLEncodingTests {
    private func encode(_ tensors: [Tensor], parameters: [Envelope.Parameter] = []) throws(SluiceError) -> String {
        var facts = CodecRegistry.AnswerFacts(model: "iris <&\"", version: "1", id: "r-1")
        facts.parameters = parameters
        return Formats.text(of: try CodecRegistry().encode(tensors, as: .xml, facts: facts))
    }

    private static let start =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response model=\"iris &lt;&amp;&quot;\" version=\"1\" id=\"r-1\">\n"

    @Test func outputsThatShareTheirFirstAxisAreRows() throws {
        let label = try Tensor(name: "label", shape: [2], strings: ["a<b>&\"\r\n\t", "größe"])
        let scores = try Tensor(
            name: "p", dataType: .fp32, shape: [2, 2], copying: [0.1, .nan, 1, -.infinity] as [Float])
        #expect(
            try encode([label, scores])
                == Self.start
                    + """
                    <row><label>a&lt;b&gt;&amp;&quot;&#13;&#10;&#9;</label><p><v>0.1</v><v>NaN</v></p></row>
                    <row><label>größe</label><p><v>1</v><v>-Infinity</v></p></row>
                    </response>

                    """)
    }

    @Test func otherOutputsAreTensors() throws {
        let mean = try Tensor(name: "mean", dataType: .fp64, shape: [], copying: [1.5] as [Double])
        let words = try Tensor(name: "words", shape: [2], strings: ["a", "b"])
        let parameter = Envelope.Parameter("note", .string("x<y"))
        #expect(
            try encode([mean, words], parameters: [parameter])
                == Self.start
                    + """
                    <parameter name="note">x&lt;y</parameter>\
                    <output name="mean" shape="" datatype="FP64">1.5</output>
                    <output name="words" shape="2" datatype="BYTES"><v>a</v><v>b</v></output>
                    </response>

                    """)
    }

    @Test func charactersThatXMLCannotCarryAreBase64() throws {
        let tensor = try Formats.bytes(name: "b", [[0xFF, 0], [0x1], Array("\u{FFFE}".utf8)])
        #expect(
            try encode([tensor])
                == Self.start
                    + """
                    <row><b encoding="base64">/wA=</b></row>
                    <row><b encoding="base64">AQ==</b></row>
                    <row><b encoding="base64">77++</b></row>
                    </response>

                    """)
    }

    @Test func namesThatNoElementCanHaveAreAttributes() throws {
        let tensor = try Tensor(name: "1 \"x\"", dataType: .bool, shape: [1], copying: [1] as [UInt8])
        #expect(
            try encode([tensor])
                == Self.start + "<row><column name=\"1 &quot;x&quot;\">true</column></row>\n</response>\n")
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let elements: [[UInt8]] = [Array("a<&>\"'\r\n\t ".utf8), [0xFF, 0], [], Array("日本".utf8)]
        let text = try encode([Formats.bytes(name: "X", elements)])
        let read = try Formats.decode(text.utf8, as: "application/xml", for: Formats.one(.bytes, [-1]))
        #expect((0..<4).map { index in read[0].withElement(index) { Array($0) } } == elements)
    }
}
