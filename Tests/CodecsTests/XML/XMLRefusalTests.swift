import Codecs
import Tensors
import Testing

@Suite struct XMLRefusalTests {
    private static let two = Formats.one(.int32, [-1, 2])
    private static let text = Formats.one(.bytes, [-1])
    private static let noDocumentType = "a document type; DOCTYPE and entities are not read here"

    static let refusals: [Refusal] = [
        // What is no XML.
        Refusal([0xFF, 0xFE, 0x3C, 0x00], two, "malformed_body: the XML is UTF-16; send it in UTF-8"),
        Refusal(
            "<?xml version=\"1.0\" encoding='ISO-8859-1'?><a/>", two,
            "malformed_body: XML line 1: the encoding \"ISO-8859-1\" is not read here; send UTF-8"),
        // What is hostile.
        Refusal(
            """
            <!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
            <rows><row><X_0>&b;</X_0></row></rows>
            """, two, "malformed_body: XML line 1: \(noDocumentType)"),
        Refusal(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><r><X>&x;</X></r>", two,
            "malformed_body: XML line 2: \(noDocumentType)"),
        Refusal(
            "<!DOCTYPE r PUBLIC \"x\" \"http://127.0.0.1/x.dtd\"><r/>", two,
            "malformed_body: XML line 1: \(noDocumentType)"),
        Refusal(
            String(repeating: "<a>", count: 100_000), two,
            "malformed_body: XML line 1, column 12: <a> may not stand here: elements nest as rows, cells and <v>"),
        Refusal(
            "<a " + (0..<257).map { "a\($0)=\"\"" }.joined(separator: " ") + "/>", two,
            "malformed_body: XML line 1: an element has more than 256 attributes"),
        Refusal(
            "<a b=\"" + String(repeating: "x", count: (1 << 20) + 1) + "\"/>", two,
            "malformed_body: XML line 1: an attribute has more than 1048576 bytes"),
        Refusal(
            "<a>" + "<b " + (0..<65).map { "xmlns:n\($0)=\"u\"" }.joined(separator: " ") + "/></a>", two,
            "malformed_body: XML line 1, column 906: more than 64 namespaces are in force"),
        Refusal(
            "<r><r><X>" + String(repeating: "x", count: 2 << 20) + "</X></r></r>", text,
            "malformed_body: XML line 1, column 2097162: a cell has more than 1048576 bytes"),
        // What is no such document.
        Refusal("<rows></rows>", two, "malformed_body: the XML has no rows: the root element has no elements in it"),
        Refusal("<rows>1 2</rows>", two, "malformed_body: XML line 1, column 10: text outside the rows"),
        Refusal(
            "<r><r><a>1</a>x<b>2</b></r></r>", two,
            "malformed_body: XML line 1, column 16: text in a row, outside its cells"),
        Refusal(
            "<r><r>x<a>1</a></r></r>", two, "malformed_body: XML line 1, column 10: text in a row, outside its cells"),
        Refusal(
            "<r><r><a><b>1</b></a></r></r>", two,
            "malformed_body: XML line 1, column 12: <b> may not stand here: elements nest as rows, cells and <v>"),
        Refusal("<r><r><a>1<v>1</v></a></r></r>", two, "malformed_body: XML line 1, column 13: text beside <v>"),
        Refusal("<r><r><a><v>1</v>1</a></r></r>", two, "malformed_body: XML line 1, column 19: text beside <v>"),
        Refusal(
            "<r><a>1</a><r><a>1</a></r></r>", two,
            "malformed_body: XML line 1, column 17: an element with elements or attributes stands among the cells of one row"
        ),
        Refusal(
            "<r><a>1</a><b c=\"1\"/></r>", two,
            "malformed_body: XML line 1, column 20: an element with elements or attributes stands among the cells of one row"
        ),
        // What the model doesn't take.
        Refusal(
            "<r>\n<r><X_0>1</X_0><X_1>x</X_1></r></r>", two,
            "invalid_input: input \"X\", row 1, column \"X_1\" (line 2): \"x\" is not a number"),
        Refusal(
            "<r>\n<r a=\"1\" b=\"2\"/>\n<r a=\"1\"/></r>", two,
            "malformed_body: row 2 (line 3) has 1 cell, but the first row has 2"),
        Refusal(
            "<r><r X_0=\"1\" X_1=\"2\"/>\n<r X_0=\"1\" X_2=\"2\"/></r>", two,
            "invalid_input: input \"X\", row 2, column \"X_1\" (line 2): it is missing"),
        Refusal(
            "<r><r X_0=\"1\" X_1=\"2\"/>\n<r X_0=\"1\" X_1=\"2\"><X_1>3</X_1></r></r>", two,
            "malformed_body: row 2 (line 2): column \"X_1\" stands twice"),
        Refusal(
            "<r><r><sepal_lenght>1</sepal_lenght><sepal_width>1</sepal_width></r></r>", Formats.iris,
            "invalid_input: column \"sepal_length\" is missing; did you mean \"sepal_lenght\"?"),
        Refusal(
            "<r><r><a>1</a></r></r>", two,
            "invalid_input: the model takes 2 columns (X: INT32[-1,2]), but the body has 1"),
        Refusal(
            "<r><r><X encoding=\"base64\">!</X></r></r>", text,
            "invalid_input: input \"X\", row 1, column \"X\" (line 1): encoding=\"base64\" is for BYTES, "
                + "and the text must be base64 (RFC 4648, section 4)"),
        Refusal(
            "<r><r><X encoding=\"hex\">00</X></r></r>", text,
            "malformed_body: XML line 1, column 24: encoding=\"hex\"; it can only be \"base64\""),
        Refusal("<r><input name=\"Y\">1</input></r>", two, "invalid_input: XML line 1: the model has no input \"Y\""),
        Refusal(
            "<r><input name=\"heigth\">1</input></r>", Formats.people,
            "invalid_input: XML line 1: the model has no input \"heigth\"; did you mean \"height\"?"),
        Refusal(
            "<r><input name=\"X\">1 2</input>\n<input name=\"X\">1 2</input></r>", two,
            "invalid_input: XML line 2: input \"X\" is given twice"),
        Refusal(
            "<r><input name=\"X\">1 2</input><row/></r>", two,
            "malformed_body: XML line 1, column 35: <row> stands among <input> elements"),
        Refusal(
            "<r><input name=\"X\">1 2</input><input>1</input></r>", two,
            "malformed_body: XML line 1, column 37: an <input> without a name"),
        Refusal(
            "<r><input name=\"X\" shape=\"1x2\">1 2</input></r>", two,
            "malformed_body: XML line 1, column 31: shape=\"1x2\" is no shape; write dimensions like 1,512"),
        Refusal(
            "<r><input name=\"X\" datatype=\"FP32\">1 2</input></r>", two,
            "invalid_input: input \"X\" (line 1): expected INT32[-1,2], got datatype \"FP32\""),
        Refusal(
            "<r><input name=\"X\">1 2 3</input></r>", two,
            "invalid_input: input \"X\" (line 1): 3 elements don't fill INT32[-1,2]"),
        Refusal(
            "<r><input name=\"X\" shape=\"2,2\">1 2 3</input></r>", two,
            "invalid_input: input \"X\": shape [2,2] takes 4 elements, but there are 3"),
        Refusal(
            "<r><input name=\"X\" shape=\"1,3\">1 2 3</input></r>", two,
            "invalid_input: input \"X\": expected INT32[-1,2], got INT32[1,3]; dimension 1 must be 2"),
        Refusal(
            "<r><input name=\"X\">1 2</input></r>", Formats.one(.int32, [-1, -1]),
            "invalid_input: input \"X\" (line 1): INT32[-1,-1] leaves dimensions open; give a shape, e.g. shape=\"1,4\""
        ),
        Refusal(
            "<r>\n<input name=\"X\">1\n1.5</input></r>", two,
            "invalid_input: input \"X\", element 2 (line 2): 1.5 is not a whole number, as INT32 needs"),
        Refusal(
            "<r><input name=\"X\">1<v>2</v></input></r>", two, "malformed_body: XML line 1, column 23: text beside <v>"),
        Refusal(
            "<r><input name=\"X\"><w>2</w></input></r>", two,
            "malformed_body: XML line 1, column 22: <w> may not stand here: elements nest as rows, cells and <v>"),
        Refusal(
            "<r><input name=\"age\">1</input></r>", Formats.people,
            "invalid_input: input \"height\" (FP64[-1,1]) is missing"),
    ]

    /// What libxml2 refuses, in words of its own that change with its version.
    static let notWellFormed: [[UInt8]] =
        [
            "x", "<a>", "<a></b>", "<a/><b/>", "<a b=1/>", "<a b=\"1\" b=\"2\"/>", "<a>&nbsp;</a>", "<a>&#0;</a>",
            "<a>&#xD800;</a>", "<a>\u{1}</a>", "<a>]]></a>", "<r><X>&xxe;</X></r>",
            "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><a/>",
            "<a><![CDATA[</a>", "<!-- <a/>", "<a><b></a></b>", "<a>&lt</a>", "<1/>",
        ].map { Array($0.utf8) } + [Array("<a>".utf8) + [0xFF] + Array("</a>".utf8)]

    @Test(arguments: notWellFormed)
    func whatIsNoXMLIsRefusedWithItsPlace(_ body: [UInt8]) {
        let error = Formats.failure(body, as: "application/xml", for: Self.two)
        #expect(error?.hasPrefix("malformed_body: XML line 1, column ") == true, "\(error ?? "accepted")")
    }

    @Test(arguments: refusals)
    func saysWhatIsWrong(_ refusal: Refusal) {
        #expect(Formats.failure(refusal.body, as: "application/xml", for: refusal.signature) == refusal.error)
    }

    /// A wide first row must not make every later row as costly: this would take minutes.
    @Test func aWideFirstRowDoesNotMakeLaterRowsSlow() throws {
        let wide = (0..<60_000).map { "<c\($0)/>" }.joined()
        let body = "<r><r><X>0</X>\(wide)</r>" + String(repeating: "<r X=\"1\"/>", count: 20_000) + "</r>"
        let tensors = try Formats.decode(body.utf8, as: "application/xml", for: Formats.one(.int8, [-1]))
        #expect(tensors[0].shape == [20_001])
    }
}
