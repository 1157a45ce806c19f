import Testing

@testable import Codecs

/// Rows are found wherever a text is cut, and as its reader finds them.
@Suite struct RowCutterTests {
    private struct Row: Equatable {
        var text: String
        var line: Int
    }

    /// The rows of a text that comes in these pieces.
    private func rows(_ pieces: [ArraySlice<UInt8>], isCSV: Bool) -> [Row] {
        var cutter = RowCutter(separator: isCSV ? UInt8(ascii: ",") : nil)
        var rows: [Row] = []
        var held: [UInt8] = []
        for piece in pieces {
            var rest = piece
            while !rest.isEmpty {
                let step = rest.withUnsafeBytes { cutter.next($0) }
                switch step {
                case .more:
                    held += rest
                    rest = []
                case .blank(let count):
                    held = []
                    rest = rest.dropFirst(count)
                case .row(let count):
                    held += rest.prefix(count)
                    rows.append(Row(text: String(decoding: held, as: UTF8.self), line: cutter.line))
                    held = []
                    rest = rest.dropFirst(count)
                }
            }
        }
        if cutter.isInRow { rows.append(Row(text: String(decoding: held, as: UTF8.self), line: cutter.line)) }
        // Where a text is cut between CR and LF, the LF is an empty line.
        return rows.map { Row(text: $0.text.replacing("\r\n", with: "\r"), line: $0.line) }
    }

    /// Texts that are hard to cut, and what is known of their rows.
    static let texts: [String] = [
        "", "\n", "\r\n\r\n", "a", "a\n", "a,b\nc,d\n", "a,b\r\nc,d\r\n", "a\rb\rc", "a\r\n\r\n\nb\r\r\nc\n",
        "\"a\"\n\"b\"", "\"a\nb\",c\nd\n", "\"a\r\nb\",c\r\nd\r\n", "\"a\rb\",c\rd\r", "\"a\"\"b\",\"\"\"\"\n\"\"\n",
        "\"a\"\"\nb\"\n\"\",\"\n\"\n", "a\"b\nc\n",
        "\"a\"b\nc\n\"d\"\"\n",
        "\"never\nclosed", ",\n,,\n\"\",\n", " \n\"\" \n", "ä,ö\n\"ü\nß\"\n", "\u{0}\n\"\u{0}\n\"\n",
        "{\"a\":1}\n\n [1]\r\n  \r\n\t\n2", "\"\n\"\"\n\"",
    ]

    @Test(arguments: texts)
    func theSameRowsWhereverItIsCut(_ text: String) {
        let bytes = Array(text.utf8)
        for isCSV in [true, false] {
            let whole = rows([bytes[...]], isCSV: isCSV)
            for split in 0...bytes.count {
                #expect(rows([bytes[..<split], bytes[split...]], isCSV: isCSV) == whole, "cut at \(split)")
            }
            #expect(rows(bytes.indices.map { bytes[$0...$0] }, isCSV: isCSV) == whole)
        }
    }

    /// What the reader of whole bodies takes is cut into the very rows that it finds.
    @Test func rowsAreThoseThatTheReaderFinds() throws {
        var random = SeededRandom(state: 11)
        let alphabet = Array("a1,,\"\"\n\r \n".utf8)
        var read = 0
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...14, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            guard let expected = try? readRows(text) else { continue }
            read += 1
            let split = Int.random(in: 0...text.count, using: &random)
            let found = rows([text[..<split], text[split...]], isCSV: true)
            #expect(found.count == expected.count, "\(String(decoding: text, as: UTF8.self).debugDescription)")
            #expect(found.map(\.line) == expected)
        }
        #expect(read > 2_000)
    }

    /// The lines on which the tokenizer finds rows.
    private func readRows(_ text: [UInt8]) throws -> [Int] {
        try text.withUnsafeBytes { bytes in
            var tokenizer = CSVTokenizer(bytes)
            var lines: [Int] = []
            while try tokenizer.nextRow() { lines.append(tokenizer.line) }
            return lines
        }
    }
}

/// SplitMix64: the same numbers on every run.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
