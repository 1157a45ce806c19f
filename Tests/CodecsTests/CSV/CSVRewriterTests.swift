import Testing

@testable import Codecs

/// Tables with another delimiter, as they come in and what becomes of them.
@Suite struct CSVRewriterTests {
    /// What a text becomes that comes in pieces of `step` bytes.
    private func rewritten(_ text: [UInt8], step: Int) -> [UInt8] {
        var rewriter = CSVRewriter(delimiter: UInt8(ascii: ";"))
        var made: [UInt8] = []
        var rest = text[...]
        while !rest.isEmpty {
            rest.prefix(step).withUnsafeBytes { rewriter.take($0, into: &made) }
            rest = rest.dropFirst(step)
        }
        rewriter.finish(into: &made)
        return made
    }

    @Test(arguments: [
        ("", ""), ("\n\r\n\r", "\n\r\n\r"), ("a", "a"), ("a;b\nc;d\n", "a,b\nc,d\n"),
        (";;\r\n;", ",,\r\n,"), ("a;\n;b", "a,\n,b"), ("1,5;2\n3;4,5", "\"1,5\",2\n3,\"4,5\""), (",;,", "\",\",\",\""),
        ("\"a;b\";c", "\"a;b\",c"), ("ä;\u{0};€", "ä,\u{0},€"),
        ("\"\"\"a;\n\"\",\";\"\"\n", "\"\"\"a;\n\"\",\",\"\"\n"),
        // What is wrongly quoted stays so, and has no commas that its row could end behind.
        ("a\"b,c;d", "a\"b;c,d"), ("\"a\"b,\"c;d\n1;2", "\"a\"b;\"c,d\n1,2"), ("\"a\" ;b", "\"a\" ,b"),
        ("\"open;1,2\n", "\"open;1,2\n"),
    ])
    func delimitersBecomeCommas(text: String, expected: String) {
        for step in 1...max(1, text.utf8.count) {
            #expect(String(decoding: rewritten(Array(text.utf8), step: step), as: UTF8.self) == expected, "\(step)")
        }
    }

    /// However many cells there are, and wherever they are cut: no byte is looked at for ever.
    @Test(arguments: [1, 2, 3, 4096, 1 << 20]) func longTablesComeToAnEnd(step: Int) {
        let rows = 50_000
        let made = rewritten(Array(repeatElement("1;;2,5\n".utf8, count: rows).joined()), step: step)
        #expect(made == Array(repeatElement("1,,\"2,5\"\n".utf8, count: rows).joined()))
    }

    /// What a cell has beyond what any may have is let through, for the reader to refuse, and isn't held.
    @Test func anEndlessCellEndsWithItsLine() {
        let long = [UInt8](repeating: UInt8(ascii: "\""), count: CSVTokenizer.maximumCellBytes + 8192)
        let made = rewritten(Array("1;x".utf8) + long + Array(",;2\n3;4\n".utf8), step: 4096)
        #expect(made.starts(with: Array("1,\"x  ".utf8)))
        #expect(made.suffix(11) == Array("  ,\",2\n3,4\n".utf8)[...])
    }
}
