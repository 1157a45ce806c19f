import Codecs
import Tensors
import Testing

@Suite struct CSVRefusalTests {
    private static let header = "sepal_length,sepal_width,petal_length,petal_width\n"
    private static let two = Formats.one(.int32, [-1, 2])
    private static let text = Formats.one(.bytes, [-1], columns: ["text"])

    static let refusals: [Refusal] = [
        Refusal("\n\r\n", two, "malformed_body: the CSV has no rows"),
        Refusal(header, Formats.iris, "invalid_input: the CSV has a header but no rows"),
        Refusal(
            header + "1,2,3,4\n1,2,3\n", Formats.iris,
            "malformed_body: row 2 (line 3) has 3 cells, but the header has 4"),
        Refusal(
            header + "1,2,3,4,5\n", Formats.iris, "malformed_body: row 1 (line 2) has 5 cells, but the header has 4"),
        Refusal("1,2\n\n3\n", two, "malformed_body: row 2 (line 3) has 1 cell, but the first row has 2"),
        Refusal(
            header + "1,2,3,4\n1,2,x,4\n", Formats.iris,
            "invalid_input: input \"X\", row 2, column \"petal_length\" (line 3): \"x\" is not a number"),
        Refusal(
            "1,2\n3,4,\n", two, "malformed_body: row 2 (line 2) has 3 cells, but the first row has 2"),
        Refusal(
            "1,2\n3,\n", two,
            "invalid_input: input \"X\", row 2, column 2 (line 2): it is empty, but INT32 needs a number"),
        Refusal(
            "1,2\n3,4.5\n", two,
            "invalid_input: input \"X\", row 2, column 2 (line 2): 4.5 is not a whole number, as INT32 needs"),
        Refusal(
            "1,2\n3,3000000000\n", two,
            "invalid_input: input \"X\", row 2, column 2 (line 2): "
                + "3000000000 is out of range for INT32 (-2147483648 to 2147483647)"),
        Refusal(
            "1,nan\n", two, "invalid_input: input \"X\", row 1, column 2 (line 1): \"nan\" is not a number"),
        Refusal(
            "1,2\n0x1,2\n", two, "invalid_input: input \"X\", row 2, column 1 (line 2): \"0x1\" is not a number"),
        Refusal(
            "1e39\n", Formats.one(.fp32, [-1]),
            "invalid_input: input \"X\", row 1, column 1 (line 1): 1e39 is out of range for FP32"),
        Refusal(
            "true\nyes\n", Formats.one(.bool, [-1]),
            "invalid_input: input \"X\", row 2, column 1 (line 2): \"yes\" is neither true nor false"),
        Refusal(
            "sepal_length,sepal_width,petal_length,petal_widht\n1,2,3,4\n", Formats.iris,
            "invalid_input: column \"petal_width\" is missing; did you mean \"petal_widht\"?"),
        Refusal(
            "sepal_length,sepal_width,petal_length\n1,2,3\n", Formats.iris,
            "invalid_input: column \"petal_width\" is missing; the body has \"sepal_length\", \"sepal_width\", "
                + "\"petal_length\""),
        Refusal(
            "a,b,c,d\n1,2,3,4\n", Formats.iris,
            "invalid_input: column \"sepal_length\" is missing; the body has \"a\", \"b\", \"c\", \"d\""),
        Refusal(
            "sepal_length,sepal_length,sepal_width,petal_length,petal_width\n1,1,2,3,4\n", Formats.iris,
            "invalid_input: column \"sepal_length\" stands twice: it is column 1 and column 2"),
        Refusal(
            "age,size,name\n1,2,x\n", Formats.people,
            "invalid_input: column \"height\" is missing; the body has \"age\", \"size\", \"name\""),
        Refusal(
            "1,2,3\n", two, "invalid_input: the model takes 2 columns (X: INT32[-1,2]), but the body has 3"),
        Refusal(
            "1,2\n", Formats.people,
            "invalid_input: the model takes 3 columns (age: INT8[-1], height: FP64[-1,1], name: BYTES[-1]), "
                + "but the body has 2"),
        Refusal(
            "1,2\n", Formats.one(.int32, [2, 2]),
            "invalid_input: input \"X\" (INT32[2,2]) takes exactly 2 rows, but the body has 1"),
        Refusal(
            "1\n2\n", Formats.one(.int32, []),
            "invalid_input: input \"X\" (INT32[]) takes exactly 1 row, but the body has 2"),
        Refusal(
            "1,2,3\n", Formats.one(.int32, [-1, -1, 2]),
            "invalid_input: input \"X\" (INT32[-1,-1,2]) takes a multiple of 2 columns, but the body has 3"),
        Refusal(
            "1\n", Formats.one(.int32, [-1, -1, -1]),
            "invalid_input: input \"X\" (INT32[-1,-1,-1]) leaves more than one dimension of a row open, "
                + "so a table can't carry it; send JSON"),
        Refusal(
            "1\n", Formats.one(.fp32, [-1, 3, 224, 224]),
            "invalid_input: input \"X\" (FP32[-1,3,224,224]) takes 150528 values a row, but a table has at most "
                + "65536 columns; send npy or raw bytes"),
        Refusal("text\n\"abc\n", text, "malformed_body: CSV line 2, column 1: the quote is never closed"),
        Refusal(
            "text\na\"b\n", text,
            "malformed_body: CSV line 2, column 1: a quote inside a cell that isn't quoted; "
                + "quote the whole cell and double quotes inside it"),
        Refusal(
            "1,\"2\"x\n", two,
            "malformed_body: CSV line 1, column 2: 'x' after the closing quote; double quotes inside a cell"),
        Refusal(
            Array("text\na\0b\n".utf8), text, "malformed_body: CSV line 2, column 1: a NUL byte, which no text has"),
        Refusal(
            Array("text\n\"a\n\0\"\n".utf8), text,
            "malformed_body: CSV line 2, column 1: a NUL byte, which no text has"),
        Refusal([0xFF, 0xFE, 0x31], two, "malformed_body: the body is no text in UTF-16: byte 2 can't be read"),
        Refusal(
            [0xFF, 0xFE, 0x00, 0xD8, 0x31, 0x00], two,
            "malformed_body: the body is no text in UTF-16: byte 2 can't be read"),
        Refusal(
            "1;2,0\n1,0;2.0\n", two,
            "invalid_input: input \"X\", row 2, column 2 (line 2): \"2.0\" is not clear: some numbers have a comma and some a "
                + "point; say decimal=\",\" or \".\""),
        Refusal(
            "1,5,2;3\n", two,
            "invalid_input: the model takes 2 columns (X: INT32[-1,2]), but the body has 3"),
        Refusal(
            Array("text\nok\n".utf8) + [0xC3, 0x28, 0x0A], text,
            "invalid_input: input \"X\", row 2, column \"text\" (line 3): the text is not UTF-8"),
    ]

    @Test(arguments: refusals)
    func saysWhatIsWrong(_ refusal: Refusal) {
        #expect(Formats.failure(refusal.body, as: "text/csv", for: refusal.signature) == refusal.error)
    }

    @Test func aHeaderThatIsNotUTF8IsRefused() {
        let body = [0xFF, UInt8(ascii: ","), UInt8(ascii: "b"), 0x0A]
        #expect(
            Formats.failure(body, as: "text/csv;header=present", for: Self.two)
                == "malformed_body: CSV line 1, column 1: the name is not UTF-8")
    }

    @Test func linesAreCountedThroughQuotedLineBreaks() {
        let body = "text,n\n\"a\nb\r\nc\rd\",1\nx,y\n"
        let signature = ModelSignature(
            inputs: [
                TensorSpec(name: "text", dataType: .bytes, shape: [-1]),
                TensorSpec(name: "n", dataType: .int8, shape: [-1]),
            ], outputs: [])
        #expect(
            Formats.failure(body.utf8, as: "text/csv", for: signature)
                == "invalid_input: input \"n\", row 2, column \"n\" (line 6): \"y\" is not a number")
    }
}
