import Configuration
import Testing

@Suite struct KeyRemovalTests {
    private static func key(_ id: String, _ digit: Character) -> String {
        "{ id: \(id), hash: \"sha256:\(String(repeating: digit, count: 64))\" }"
    }

    private static func text(_ consumers: String) -> String {
        """
        # A comment.
        version: 1
        listeners: { public: { address: "127.0.0.1:8080" } }   # another one
        models: { echo: { plugin: echo } }
        auth: api_keys

        consumers:
        \(consumers)
        """
    }

    private func without(_ id: String, _ text: String) throws(KeyRemoval.Refusal) -> String {
        try KeyRemoval(text, context: .test).without(id)
    }

    @Test func oneOfSeveralInALine() throws {
        let (a, b, c) = (Self.key("a", "1"), Self.key("b", "2"), Self.key("c", "3"))
        func line(_ keys: String...) -> String {
            Self.text("  acme: { keys: [\(keys.joined(separator: ", "))], allow: { models: echo } }  # mine")
        }
        #expect(try without("a", line(a, b, c)) == line(b, c))
        #expect(try without("b", line(a, b, c)) == line(a, c))
        #expect(try without("c", line(a, b, c)) == line(a, b))
    }

    @Test func oneOfSeveralLines() throws {
        func lines(_ keys: String...) -> String {
            Self.text("  acme:\n    keys:\n\(keys.joined(separator: "\n"))\n\n    allow: { models: echo }   # all\n")
        }
        let a = "      - \(Self.key("a", "1"))   # the old one"
        let b =
            "      - id: b   # {\n        hash: \"sha256:\(String(repeating: "2", count: 64))\"\n\n        expires: \"2099-01-01\""
        let c = "      - \(Self.key("c", "3"))"
        #expect(try without("a", lines(a, b, c)) == lines(b, c))
        #expect(try without("b", lines(a, b, c)) == lines(a, c))
        #expect(try without("c", lines(a, b, c)) == lines(a, b))
        #expect(try without("b", lines(a, b)) == lines(a))
    }

    @Test func anAdministratorsKey() throws {
        let (a, b, c) = (Self.key("a", "1"), Self.key("b", "2"), Self.key("c", "3"))
        let text = Self.text("  acme: { keys: [\(a)], allow: { models: echo } }\nadmin: { keys: [\(b), \(c)] }")
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map {
                $0.hasPrefix("listeners")
                    ? "listeners: { p: { address: \"127.0.0.1:1\", serves: [inference, admin] } }" : $0
            }
            .joined(separator: "\n")
        #expect(try without("b", text) == text.split(separator: "\(b), ").joined())
    }

    @Test(arguments: [
        (
            "  acme: { keys: [\(key("a", "1"))], allow: { models: echo } }", "a",
            "\"a\" is the only key of consumer \"acme\": give it another one first, or remove consumer \"acme\""
        ),
        ("  acme: { keys: [\(key("a", "1"))], allow: { models: echo } }", "b", "there is no key with the id \"b\""),
        (
            "  acme: { keys: [\(key("a", "1"))], alow: { models: echo } }", "a",
            "\"a\" is the only key of consumer \"acme\": give it another one first, or remove consumer \"acme\""
        ),
        (
            "  acme: { keys: [\(key("a", "1")), \(key("b", "2"))], alow: { models: echo } }", "a",
            "the file has mistakes; sluice check says which"
        ),
        (
            "  acme: { keys: [\(key("a", "1")), &x \(key("b", "2"))], allow: { models: echo } }\n  x: *y", "a",
            "the file has mistakes; sluice check says which"
        ),
        (
            "  acme: { keys: [\n    { id: a,\n      hash: \"sha256:\(String(repeating: "1", count: 64))\" }, \(key("b", "2"))], allow: { models: echo } }",
            "a", "line 9: \"a\" is written in a way that can't be taken out safely; do it by hand"
        ),
    ]) func whatCannotBeTakenOutStays(consumers: String, id: String, message: String) {
        let refusal = #expect(throws: KeyRemoval.Refusal.self) { try without(id, Self.text(consumers)) }
        #expect(refusal?.message == message)
    }
}
