import Configuration
import Testing

/// A small, fast generator whose numbers are the same everywhere (Vigna's splitmix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct MutationTests {
    /// Pieces that mean something to YAML or to the schema; plain random bytes rarely get past the first check.
    private static let pieces = [
        "{", "}", "[", "]", ":", ": ", ",", "- ", "*", "*a", "&a ", "!t ", "\"", "'", "|", ">", "#", " #", "\n", "\r\n",
        "\t", "  ", "?", "? ", "<<: ", "---\n", "...", "%", "@", "\\", "null", "~", "yes", "1", "0", "-1", "64", "s",
        "é", "日", "\u{FEFF}", "\u{2028}", "\u{10F000}", "\u{0}", "env:TOKEN", "env:", "9223372036854775808", "GiB",
    ]

    @Test(arguments: RepositoryFile.configurations, 0..<UInt64(8))
    func editedFileEitherLoadsOrHasAnErrorInsideIt(_ path: String, _ seed: UInt64) throws {
        let original = Array(try RepositoryFile.text(path).utf8)
        var random = SplitMix(state: seed)
        let loader = ConfigurationLoader()
        for _ in 0..<50 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) { Self.edit(&bytes, &random) }
            let outcome = loader.load(bytes, context: .test)
            let text = String(decoding: bytes, as: UTF8.self)
            let errors = outcome.diagnostics.filter { $0.severity == .error }
            #expect((outcome.configuration == nil) == !errors.isEmpty, "\(text)")
            let lines = Self.lines(of: text)
            for diagnostic in outcome.diagnostics {
                let (line, column) = (diagnostic.location.line, diagnostic.location.column)
                let isInside = (1...lines.count).contains(line) && (1...(lines[line - 1] + 1)).contains(column)
                #expect(isInside && diagnostic.length >= 1, "\(diagnostic.brief) in:\n\(text)")
                #expect(diagnostic.rendered(file: "gateway.yaml", source: text).contains(": \(diagnostic.message)"))
            }
        }
    }

    /// What is cheap to write and could be dear to read: nesting, keys, anchors, quotes, all of one kind.
    @Test(arguments: [
        "[", "{", "{a: ", "- ", "? ", "a:\n ", "!t ", "&a ", "*a ", "[*a,", "- &a [*a]\n", "\"", "'", "|\n", "#", "\t",
        ":", ": ", "a: b\n", "\u{FEFF}", "\u{10F000}", "é", "---\n", "a, ", "\\",
    ])
    func aFileOfOnePieceOverAndOverHasAnErrorInsideIt(_ piece: String) {
        let text = String(repeating: piece, count: 20_000 / piece.utf8.count)
        let outcome = ConfigurationLoader().load(text, context: .test)
        #expect(outcome.configuration == nil && !outcome.diagnostics.isEmpty)
        let lines = Self.lines(of: text)
        for diagnostic in outcome.diagnostics {
            let (line, column) = (diagnostic.location.line, diagnostic.location.column)
            #expect((1...lines.count).contains(line) && (1...(lines[line - 1] + 1)).contains(column))
        }
    }

    @Test func aFileOfThousandsOfMistakesEndsWithAThousandErrors() {
        let keys = (0..<20_000).map { "key-\($0): { address: 1 }" }
        let outcome = ConfigurationLoader().load(keys.joined(separator: "\n"), context: .test)
        #expect(outcome.diagnostics.count == 1_000)
        #expect(outcome.diagnostics.allSatisfy { $0.message.hasPrefix("unknown key \"key-") })
    }

    /// How many characters each line has.
    private static func lines(of text: String) -> [Int] {
        var lines = [0]
        var last: Unicode.Scalar?
        for (index, scalar) in text.unicodeScalars.enumerated() {
            defer { last = scalar }
            if index == 0, scalar == "\u{FEFF}" { continue }
            if scalar == "\n", last == "\r" { continue }
            if scalar == "\n" || scalar == "\r" { lines.append(0) } else { lines[lines.count - 1] += 1 }
        }
        return lines
    }

    private static func edit(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        let end = min(at + Int.random(in: 1...12, using: &random), bytes.count)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.removeSubrange(at..<end)
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
        case 2: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &random))
        case 3: bytes.removeSubrange(at...)
        default: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: at)
        }
        if bytes.isEmpty { bytes = [0x0A] }
    }
}
