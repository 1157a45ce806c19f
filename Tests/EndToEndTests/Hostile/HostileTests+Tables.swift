/// Bodies in CSV, XML, npy and raw octets.
extension HostileTests {
    private static func csv(
        _ name: String, _ body: String, _ message: String, code: String = "invalid_input", model: String = "table",
        parameters: String = ""
    ) -> Malformed {
        .body("CSV: " + name, "/v1/infer/\(model)", type: "text/csv" + parameters, body, message, code: code)
    }

    static let csvTable: [Malformed] = [
        csv("nothing", "", "empty", code: "malformed_body"),
        csv("a header alone", "a,b,c,d\n", "row"),
        csv("a quote without an end", "a,b,c,d\n\"1,2,3,4\n", "quote", code: "malformed_body"),
        csv("a quote in the middle", "a,b,c,d\n1,2\"x,3,4\n", "quote", code: "malformed_body"),
        csv("text behind a quote", "a,b,c,d\n1,\"2\"x,3,4\n", "quote", code: "malformed_body"),
        csv("a ragged row", "a,b,c,d\n1,2,3,4\n1,2,3\n", "row 2", code: "malformed_body"),
        csv("a row too long", "a,b,c,d\n1,2,3,4,5\n", "row 1", code: "malformed_body"),
        csv("a word for a number", "a,b,c,d\n1,2,x,4\n", "row 1, column \"c\""),
        csv("an empty cell", "a,b,c,d\n1,,3,4\n", "row 1, column \"b\""),
        csv("a missing column", "a,b,c\n1,2,3\n", "\"d\""),
        csv("a misspelt column", "a,b,c,e\n1,2,3,4\n", "\"d\""),
        csv("a column twice", "a,b,c,d,a\n1,2,3,4,5\n", "\"a\""),
        csv("a number above INT8", "1,200\n", "INT8", model: "ints", parameters: "; header=absent"),
        csv("too few columns", "1,2,3\n", "3", parameters: "; header=absent"),
        csv(
            "a bad truth value", "maybe\n", "\"maybe\" is neither true nor false", model: "flags",
            parameters: "; header=absent"),
        csv("NUL in a cell", "a,b,c,d\n1,\u{0},3,4\n", "a NUL byte", code: "malformed_body"),
        .body("CSV: UTF-16", "/v1/infer/table", type: "text/csv", [0xFF, 0xFE, 0x31, 0, 0x2C], "UTF-"),
        .body(
            "CSV: not UTF-8", "/v1/infer/words", type: "text/csv; header=absent", [0xFF, 0x0A], "UTF-8",
            code: "invalid_input"),
        csv(
            "a cell of two megabytes", "a,b,c,d\n" + String(repeating: "1", count: 2 << 20) + ",2,3,4\n", "1048576",
            code: "malformed_body"),
        csv("many columns", String(repeating: "1,", count: 70_000) + "1\n", "65536", code: "malformed_body"),
    ]

    private static func xml(
        _ name: String, _ body: String, _ message: String, code: String = "malformed_body", model: String = "table"
    ) -> Malformed {
        .body("XML: " + name, "/v1/infer/\(model)", type: "application/xml", body, message, code: code)
    }

    private static let row = "<r><a>1</a><b>2</b><c>3</c><d>4</d></r>"

    static let xmlTable: [Malformed] = [
        xml("nothing", "", "empty"),
        xml("no element", "text", "line 1"),
        xml("cut short", "<rows>\(row)", "line 1"),
        xml("tags that cross", "<rows><r><a>1</r></a></rows>", "line 1"),
        xml("two roots", "<rows>\(row)</rows><rows/>", "line 1"),
        xml("a document type", "<!DOCTYPE rows><rows>\(row)</rows>", "document type"),
        xml(
            "an entity bomb",
            "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><rows><r><a>&b;</a></r></rows>",
            "document type"),
        xml(
            "a file", "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><rows><r><a>&x;</a></r></rows>",
            "document type"),
        xml("an entity that nobody declared", "<rows><r><a>&x;</a></r></rows>", "Entity 'x' not defined"),
        xml("another encoding", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rows>\(row)</rows>", "UTF-8"),
        xml("NUL", "<rows>\u{0}</rows>", "line 1"),
        xml(
            "nested too deep", String(repeating: "<a>", count: 50) + String(repeating: "</a>", count: 50),
            "may not stand here"),
        xml("an attribute twice", "<rows><r a=\"1\" a=\"2\" b=\"1\" c=\"1\" d=\"1\"/></rows>", "line 1"),
        xml("an attribute without quotes", "<rows><r a=1/></rows>", "line 1"),
        xml(
            "an unbound prefix in a name", "<rows><x:r a=\"1\"/></rows>", "column \"b\" is missing",
            code: "invalid_input"),
        xml("no rows", "<rows/>", "the XML has no rows"),
        xml(
            "a word for a number", "<rows><r><a>x</a><b>2</b><c>3</c><d>4</d></r></rows>", "row 1, column \"a\"",
            code: "invalid_input"),
        xml("a missing cell", "<rows><r><a>1</a><b>2</b><c>3</c></r></rows>", "\"d\"", code: "invalid_input"),
        xml(
            "a cell twice", "<rows><r><a>1</a><a>1</a><b>2</b><c>3</c><d>4</d></r></rows>", "\"a\"",
            code: "invalid_input"),
        xml(
            "an input that isn't there", "<inputs><input name=\"Y\" shape=\"1,4\">1 2 3 4</input></inputs>", "\"Y\"",
            code: "invalid_input"),
        xml(
            "an input of too few values", "<inputs><input name=\"X\" shape=\"2,4\">1 2 3 4</input></inputs>", "X",
            code: "invalid_input"),
        xml(
            "an input of another type",
            "<inputs><input name=\"X\" datatype=\"INT8\" shape=\"1,4\">1 2 3 4</input></inputs>", "INT8",
            code: "invalid_input"),
        xml(
            "an input with a negative shape", "<inputs><input name=\"X\" shape=\"-1,4\">1 2 3 4</input></inputs>",
            "is no shape"),
        xml(
            "broken base64", "<rows><r><W encoding=\"base64\">%%</W></r></rows>", "base64", code: "invalid_input",
            model: "words"),
    ]

    /// A file as `np.save` writes it, with whatever header and data.
    private static func npy(
        _ header: String, _ data: [UInt8] = [], version: [UInt8] = [1, 0], length: Int? = nil, magic: String = "NUMPY"
    ) -> [UInt8] {
        let text = Array((header + "\n").utf8)
        let count = length ?? text.count
        return [0x93] + Array(magic.utf8) + version + [UInt8(count & 255), UInt8(count >> 8 & 255)] + text + data
    }

    private static func npy(
        _ name: String, _ file: [UInt8], _ message: String, code: String = "malformed_body", model: String = "table"
    ) -> Malformed {
        .body("npy: " + name, "/v1/infer/\(model)", type: "application/x-npy", file, message, code: code)
    }

    private static func header(_ descr: String, _ shape: String, fortran: String = "False") -> String {
        "{'descr': \(descr), 'fortran_order': \(fortran), 'shape': \(shape), }"
    }

    private static let zeros = [UInt8](repeating: 0, count: 16)

    static let npyTable: [Malformed] = [
        npy("nothing", [], "empty"),
        npy("other magic", npy(header("'<f4'", "(1, 4)"), zeros, magic: "NUMPX"), "npy"),
        npy("magic alone", [0x93] + Array("NUMPY".utf8), "npy"),
        npy("version 9", npy(header("'<f4'", "(1, 4)"), zeros, version: [9, 0]), "version"),
        npy("a header longer than the file", npy(header("'<f4'", "(1, 4)"), zeros, length: 9000), "header"),
        npy("a header that is no dictionary", npy("hello", zeros), "header"),
        npy("no shape", npy("{'descr': '<f4', 'fortran_order': False}", zeros), "shape"),
        npy("no descr", npy("{'fortran_order': False, 'shape': (1, 4)}", zeros), "descr"),
        npy("an unknown key", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4), 'x': 1}", zeros), "x"),
        npy("pickled objects", npy(header("'|O'", "(1, 4)"), zeros), "objects", code: "invalid_input"),
        npy("complex numbers", npy(header("'<c8'", "(1, 2)"), zeros), "c8", code: "invalid_input"),
        npy("dates", npy(header("'<M8[s]'", "(1, 2)"), zeros), "M8", code: "invalid_input"),
        npy("a structured type", npy(header("[('a', '<f4')]", "(1, 4)"), zeros), "structured"),
        npy("a negative shape", npy(header("'<f4'", "(-1, 4)"), zeros), "a dimension is expected"),
        npy("a shape that overflows", npy(header("'<f4'", "(4294967296, 4294967296)"), zeros), "large"),
        npy("fewer data than its shape", npy(header("'<f4'", "(2, 4)"), zeros), "16"),
        npy("more data than its shape", npy(header("'<f4'", "(1, 4)"), zeros + [0]), "17"),
        npy("another shape than the model's", npy(header("'<f4'", "(2, 2)"), zeros), "[2,2]", code: "invalid_input"),
        npy(
            "a value that doesn't fit", npy(header("'<i2'", "(1, 2)"), [0, 1, 0, 0]), "INT8", code: "invalid_input",
            model: "ints"),
        npy(
            "one array for two inputs", npy(header("'<f4'", "(4,)"), zeros), "the model has 2", code: "invalid_input",
            model: "two"),
    ]

    private static func raw(
        _ name: String, _ bytes: [UInt8], _ message: String, code: String = "invalid_input", model: String = "table",
        headers: String = ""
    ) -> Malformed {
        .body(
            "raw: " + name, "/v1/infer/\(model)", type: "application/octet-stream", bytes, message, code: code,
            headers: headers)
    }

    static let rawTable: [Malformed] = [
        raw("no whole row", [1, 2, 3], "3"),
        raw("half an element", Array(repeating: 0, count: 17), "17"),
        raw("a shape that isn't said", zeros, "Sluice-Shape", model: "any"),
        raw("another shape", zeros, "FP32[2,4] takes 32 bytes", headers: "Sluice-Shape: 2,4\r\n"),
        raw(
            "a shape in words", zeros, "Sluice-Shape", code: "malformed_request", headers: "Sluice-Shape: one,four\r\n"),
        raw(
            "a negative dimension", zeros, "Sluice-Shape", code: "malformed_request", headers: "Sluice-Shape: -1,4\r\n"),
        raw(
            "a shape that overflows", zeros, "is no shape", code: "malformed_request", model: "any",
            headers: "Sluice-Shape: 4294967296,4294967296\r\n"),
        raw("another datatype", zeros, "FP64", headers: "Sluice-Datatype: FP64\r\n"),
        raw("another input", zeros, "\"Y\"", headers: "Sluice-Input: Y\r\n"),
        raw("a truth value that is 2", [0, 1, 2], "BOOL", model: "flags"),
        raw("one body for two inputs", zeros, "the model has 2", model: "two"),
    ]
}
