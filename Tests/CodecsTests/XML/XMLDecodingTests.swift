import Codecs
import Tensors
import Testing

@Suite struct XMLDecodingTests {
    /// Documents that are all the same two rows of four numbers.
    static let sameMatrix: [String] = [
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <rows>
          <row><sepal_length>1</sepal_length><sepal_width>2</sepal_width>
            <petal_length>3</petal_length><petal_width> 4
            </petal_width></row>
          <!-- <row> -->
          <row><petal_width>8</petal_width><petal_length>7</petal_length>
            <sepal_width>6</sepal_width><note>a</note><sepal_length>5</sepal_length></row>
        </rows>
        """,
        """
        <r><o sepal_length="1" sepal_width="2" petal_length="3" petal_width="4"/>
        <o sepal_length="5" sepal_width="6" petal_length="7" petal_width="8"></o></r>
        """,
        """
        <a:rows xmlns:a="urn:a" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="x y">
        <a:row a:kind="z" id="1" sepal_length="1"><a:sepal_width>2</a:sepal_width><a:petal_length><![CDATA[3]]></a:petal_length>
        <column name="petal_width">&#52;</column></a:row>
        <a:row sepal_length="5"><sepal_width>6</sepal_width><petal_length>7</petal_length><petal_width>8</petal_width></a:row>
        </a:rows>
        """,
        "<rows><row><X><v>1</v><v>2</v><v>3</v><v>4</v></X></row><row><X><v>5</v> <v>6</v><v>7</v><v>8</v></X></row></rows>",
        "<in><input name=\"X\" shape=\"2,4\" datatype=\"FP32\">1 2 3 4\n 5 6 7 8 </input></in>",
        "<in><input name=\"X\">1 2 3 4 5 6 7 8</input></in>",
        "<in><input name=\"X\"><v>1</v><v>2</v><v>3</v><v>4</v><v>5</v><v>6</v><v>7</v><v>8</v></input></in>",
    ]

    @Test(arguments: sameMatrix)
    func readsTheSameMatrix(_ text: String) throws {
        let tensors = try Formats.decode(text.utf8, as: "application/xml", for: Formats.iris)
        #expect(tensors.map(\.shape) == [[2, 4]])
        #expect(tensors.first?.elements(as: Float.self) == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test(arguments: [
        "<row><a>1</a><b>2</b></row>", "<row a=\"1\" b=\"2\"/>", "<rows><row><v>1</v><v>2</v></row></rows>",
        "<rows><row><b>2</b><X_0>1</X_0><X_1>2</X_1></row></rows>",
    ])
    func aRootOfCellsIsOneRow(_ text: String) throws {
        let tensors = try Formats.decode(text.utf8, as: "text/xml; charset=utf-8", for: Formats.one(.int32, [-1, 2]))
        #expect(tensors[0].shape == [1, 2])
        #expect(tensors[0].elements(as: Int32.self) == [1, 2])
    }

    @Test func namedColumnsBecomeInputsOfTheirOwn() throws {
        let text = """
            <people>
              <p><name>Tom &amp; &lt;Jerry&gt; &quot;&apos;&#x1F600;</name><age>7</age><height>INF</height></p>
              <p age="8" height="-2.5" name="a&amp;b"/>
              <p age="9" height="nan"><name encoding="base64">/wA=</name></p>
            </people>
            """
        let tensors = try Formats.decode(text.utf8, as: "application/soap+xml", for: Formats.people)
        #expect(tensors.map(\.shape) == [[3], [3, 1], [3]])
        #expect(tensors[0].elements(as: Int8.self) == [7, 8, 9])
        #expect(tensors[1].elements(as: Double.self).prefix(2) == [.infinity, -2.5])
        #expect(tensors[2].strings.prefix(2) == ["Tom & <Jerry> \"'😀", "a&b"])
        #expect(tensors[2].withElement(2) { Array($0) } == [0xFF, 0])
    }

    @Test func tensorsOfEveryInput() throws {
        let text = """
            <inputs>
              <input name="name" shape="2"><v>Ann</v><v encoding="base64"> QUJD
              </v></input>
              <input name="age">1 2</input>
              <input name="height" shape="2,1">1e3 -0.5</input>
            </inputs>
            """
        let tensors = try Formats.decode(text.utf8, as: "application/xml", for: Formats.people)
        #expect(tensors.first { $0.name == "name" }?.strings == ["Ann", "ABC"])
        #expect(tensors.first { $0.name == "age" }?.elements(as: Int8.self) == [1, 2])
        #expect(tensors.first { $0.name == "height" }?.elements(as: Double.self) == [1000, -0.5])
    }

    @Test func oneTextIsOneBytesElement() throws {
        let text = "<in><input name=\"X\">hello  world</input></in>"
        let tensors = try Formats.decode(text.utf8, as: "application/xml", for: Formats.one(.bytes, [-1]))
        #expect(tensors[0].strings == ["hello  world"])
    }

    @Test func readsWhatPandasWrites() throws {
        let tensors = try Formats.decode(try Formats.corpus("xml/iris.xml"), as: "application/xml", for: Formats.iris)
        let csv = try Formats.decode(try Formats.corpus("csv/iris.csv"), as: "text/csv", for: Formats.iris)
        #expect(tensors[0].elements(as: Float.self) == csv[0].elements(as: Float.self))
    }

    @Test func documentsLargerThanLibxml2sLookaheadAreRead() throws {
        let cell = String(repeating: "x", count: 1 << 20)
        let text = "<rows>" + String(repeating: "<r><X>\(cell)</X></r>", count: 12) + "</rows>"
        let tensors = try Formats.decode(text.utf8, as: "application/xml", for: Formats.one(.bytes, [-1]))
        #expect(tensors[0].shape == [12])
        #expect(tensors[0].byteCount == 12 << 20)
    }

    @Test func mutatedDocumentsNeverCrash() throws {
        var mutations = Mutations(
            of: Self.sameMatrix.map { Array($0.utf8) } + [try Formats.corpus("xml/iris.xml")], seed: 6)
        mutations.check(7_500, as: "application/xml", for: Formats.iris)
        let people = [
            "<p><p><name>T &amp; &lt;&#x1F600;</name><age>7</age><height>1</height></p></p>",
            "<p><p age=\"8\" height=\"2\" name=\"a&amp;b\"/><p age=\"9\" height=\"3\"><name encoding=\"base64\">/wA=</name></p></p>",
            "<i><input name=\"name\"><v>A</v></input><input name=\"age\">1</input><input name=\"height\">1</input></i>",
        ]
        mutations = Mutations(of: people.map { Array($0.utf8) }, seed: 7)
        mutations.check(7_500, as: "application/xml", for: Formats.people)
    }

    @Test func manyThreadsMayParseAtOnce() async {
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    (0..<50).allSatisfy { _ in
                        let tensors = try? Formats.decode(
                            Self.sameMatrix[0].utf8, as: "application/xml", for: Formats.iris)
                        return tensors?.first?.shape == [2, 4]
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
