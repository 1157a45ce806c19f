import Codecs
import Tensors
import Testing

@Suite struct CSVDecodingTests {
    /// Bodies that are all the same two rows of four numbers.
    static let sameMatrix: [String] = [
        "sepal_length,sepal_width,petal_length,petal_width\n1,2,3,4\n5,6,7,8\n",
        "sepal_length,sepal_width,petal_length,petal_width\r\n1,2,3,4\r\n5,6,7,8",
        "sepal_length,sepal_width,petal_length,petal_width\r1,2,3,4\r5,6,7,8\r",
        "\u{FEFF}sepal_length,sepal_width,petal_length,petal_width\n1,2,3,4\n5,6,7,8\n",
        "petal_width,petal_length,sepal_width,sepal_length\n4,3,2,1\n8,7,6,5\n",
        "id,sepal_length,sepal_width,petal_length,petal_width,note\na,1,2,3,4,\nb,5,6,7,8,\"x,\"\"y\"\"\nz\"\n",
        "note,note,sepal_length,sepal_width,petal_length,petal_width\n,,1,2,3,4\n,,5,6,7,8\n",
        "X_3,X_2,X_1,X_0\n4,3,2,1\n8,7,6,5\n",
        "1,2,3,4\n5,6,7,8\n",
        "\n\n1,2,3,4\n\n\n5,6,7,8\n\n",
        "\"1\",\"2\",\"3\",\"4\"\n\"5\",\"6\",\"7\",\"8\"\n",
        " 1 , 2 , 3 , 4 \n+5,6.0,7e0,.8e1\n",
        "\"sepal_length\", sepal_width ,petal_length,petal_width\n1,2,3,4\n5,6,7,8\n",
    ]

    @Test(arguments: sameMatrix)
    func readsTheSameMatrix(_ text: String) throws {
        let tensors = try Formats.decode(text.utf8, as: "text/csv", for: Formats.iris)
        #expect(tensors.map(\.shape) == [[2, 4]])
        #expect(tensors.first?.elements(as: Float.self) == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test func namedColumnsBecomeInputsOfTheirOwn() throws {
        let text = "name,height,age\n\"Größe, \"\"x\"\"\",1.5,-128\n,2,127\n"
        let tensors = try Formats.decode(text.utf8, as: "text/csv", for: Formats.people)
        #expect(tensors.map(\.name) == ["age", "height", "name"])
        #expect(tensors.map(\.shape) == [[2], [2, 1], [2]])
        #expect(tensors[0].elements(as: Int8.self) == [-128, 127])
        #expect(tensors[1].elements(as: Double.self) == [1.5, 2])
        #expect(tensors[2].strings == ["Größe, \"x\"", ""])
    }

    @Test func severalInputsTakeColumnsInOrderWithoutAHeader() throws {
        let tensors = try Formats.decode("7,1.5,Ann\n8,2.5,Bob\n".utf8, as: "text/csv", for: Formats.people)
        #expect(tensors[0].elements(as: Int8.self) == [7, 8])
        #expect(tensors[2].strings == ["Ann", "Bob"])
    }

    @Test func unknownNamesCountByPositionForASingleInputWithoutColumns() throws {
        let tensors = try Formats.decode("a,b\n1,2\n".utf8, as: "text/csv", for: Formats.one(.int32, [-1, 2]))
        #expect(tensors[0].elements(as: Int32.self) == [1, 2])
    }

    /// Signature, body and the shape that comes of it.
    static let shapes: [(ModelSignature, String, [Int])] = [
        (Formats.one(.fp32, [-1]), "1\n2\n3\n", [3]),
        (Formats.one(.fp32, [-1]), "X\n1\n2\n", [2]),
        (Formats.one(.fp32, [-1, 1]), "1\n2\n3\n", [3, 1]),
        (Formats.one(.fp32, [2, 2]), "1,2\n3,4\n", [2, 2]),
        (Formats.one(.fp32, [4]), "1,2,3,4\n", [4]),
        (Formats.one(.fp32, [4]), "1\n2\n3\n4\n", [4]),
        (Formats.one(.fp32, [2], columns: ["a", "b"]), "b,a\n2,1\n", [2]),
        (Formats.one(.fp32, []), "1\n", []),
        (Formats.one(.fp32, nil), "1,2\n3,4\n", [2, 2]),
        (Formats.one(.fp32, nil), "1\n3\n", [2]),
        (Formats.one(.fp32, [-1, -1]), "1,2,3\n4,5,6\n", [2, 3]),
        (Formats.one(.fp32, [-1, -1, 2]), "1,2,3,4\n", [1, 2, 2]),
        (Formats.one(.fp32, [-1, 2, 2]), "1,2,3,4\n", [1, 2, 2]),
        (Formats.one(.bytes, [-1]), "hello\nworld\n", [2]),
        (Formats.one(.bytes, [-1, 2]), "a,b\n", [1, 2]),
        (Formats.one(.bool, [-1, 3]), "true,FALSE,1\n", [1, 3]),
    ]

    @Test(arguments: shapes)
    func takesTheDeclaredShape(_ signature: ModelSignature, _ text: String, _ shape: [Int]) throws {
        #expect(try Formats.decode(text.utf8, as: "text/csv", for: signature).map(\.shape) == [shape])
    }

    @Test func theHeaderParameterDecides() throws {
        let numbers = "0,1\n2,3\n"
        let signature = Formats.one(.fp32, [-1, 2])
        let present = try Formats.decode(numbers.utf8, as: "text/csv; header=present", for: signature)
        #expect(present[0].elements(as: Float.self) == [2, 3])
        let absent = try Formats.decode(
            "X\nhello\n".utf8, as: "text/csv;header=\"absent\";charset=UTF-8", for: Formats.one(.bytes, [-1]))
        #expect(absent[0].strings == ["X", "hello"])
    }

    /// Signature, first row, and whether it is taken for a header.
    static let firstRows: [(ModelSignature, String, Bool)] = [
        (Formats.one(.fp32, [-1, 2]), "a,b", true),
        (Formats.one(.fp32, [-1, 2]), "1,2", false),
        (Formats.one(.fp32, [-1, 2]), "1e99,2", false),
        (Formats.one(.int8, [-1, 2]), "1.5,2000", false),
        (Formats.one(.fp32, [-1, 2]), "1,b", false),
        (Formats.one(.fp32, [-1, 2]), "nan,inf", false),
        (Formats.one(.fp32, [-1, 2], columns: ["0", "1"]), "0,1", false),
        (Formats.one(.fp32, [-1, 2], columns: ["0", "b"]), "0,b", true),
        (Formats.one(.bytes, [-1]), "hello", false),
        (Formats.one(.bytes, [-1]), "X", true),
        (Formats.one(.bool, [-1]), "true", false),
        (Formats.people, "7,1.5,name", true),
        (Formats.people, "years,metres,Ann", true),
        (Formats.people, "7,metres,Ann", false),
    ]

    @Test(arguments: firstRows)
    func tellsAHeaderFromTheFirstRow(_ signature: ModelSignature, _ row: String, _ isHeader: Bool) {
        // A header alone is refused as such; taken for data, it is read or refused for its values.
        let error = Formats.failure(row.utf8, as: "text/csv", for: signature)
        let isMissingRows = error == "invalid_input: the CSV has a header but no rows"
        let isMissingColumns = error?.contains("is missing; ") == true
        #expect((isMissingRows || isMissingColumns) == isHeader, "\(error ?? "accepted")")
    }

    @Test func textOfEveryKindSurvivesQuoting() throws {
        let tensors = try Formats.decode(try Formats.corpus("csv/quoted.csv"), as: "text/csv", for: text)
        #expect(tensors[0].strings == ["plain", "a, b", "say \"hi\"", "two\nlines", "", "größe"])
    }

    @Test(arguments: ["iris.csv", "iris_index.csv", "iris_crlf_bom.csv", "iris_no_header.csv", "iris_savetxt.csv"])
    func readsWhatPandasWrites(_ file: String) throws {
        let tensors = try Formats.decode(try Formats.corpus("csv/\(file)"), as: "text/csv", for: Formats.iris)
        let expected: [Float] = [
            5.0, 5.6, 4.45, 3.22, 4.09, 3.02, 5.12, 7.68, 4.02, 3.76, 5.98, 5.71, 5.21, 3.14, 4.94, 6.39, 2.31, 4.08,
            1.2, 2.42,
        ]
        #expect(tensors[0].shape == [5, 4])
        #expect(tensors[0].elements(as: Float.self) == expected)
    }

    @Test func readsPandasNotANumber() throws {
        let tensors = try Formats.decode(
            try Formats.corpus("csv/non_finite.csv"), as: "text/csv", for: Formats.one(.fp64, [-1, 2]))
        let values = tensors[0].elements(as: Double.self)
        #expect(values[0] == 1.5 && values[1] == .infinity && values[2].isNaN && values[3] == -.infinity)
    }

    @Test func aCellOfTenMegabytesIsRefused() {
        let error = Formats.failure(repeatElement(UInt8(ascii: "7"), count: 10 << 20), as: "text/csv", for: text)
        #expect(
            error == "malformed_body: CSV line 1, column 1: the cell has 10485760 bytes; at most 1048576 are read")
    }

    @Test func aCellOfTheLargestSizeIsRead() throws {
        let cell = String(repeating: "x", count: 1 << 20)
        #expect(try Formats.decode("\"\(cell)\"\n".utf8, as: "text/csv", for: text)[0].strings == [cell])
    }

    @Test func moreColumnsThanTheBoundAreRefused() {
        let row = repeatElement(UInt8(ascii: ","), count: 65_536)
        #expect(
            Formats.failure(row, as: "text/csv", for: Formats.one(.fp32, [-1, -1]))
                == "malformed_body: CSV line 1, column 65537: the row has more than 65536 columns")
    }

    @Test func mutatedTablesNeverCrash() throws {
        let corpus = try ["iris.csv", "iris_index.csv", "iris_crlf_bom.csv", "iris_no_header.csv"]
            .map { try Formats.corpus("csv/\($0)") }
        var mutations = Mutations(of: corpus, seed: 1)
        mutations.check(7_500, as: "text/csv", for: Formats.iris)
        let people = ["name,height,age\n\"a \"\"b\"\"\",1.5,7\nb,2,8\n", "7,1.5,Ann\r\n8,2.5,\"x\ny\"\r\n"]
        mutations = Mutations(of: people.map { Array($0.utf8) }, seed: 2)
        mutations.check(7_500, as: "text/csv", for: Formats.people)
    }

    private var text: ModelSignature { Formats.one(.bytes, [-1], columns: ["text"]) }
}
