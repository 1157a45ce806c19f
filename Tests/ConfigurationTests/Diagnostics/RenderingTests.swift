import Configuration
import Testing

@Suite struct RenderingTests {
    private func error(_ line: Int, _ column: Int, _ length: Int, _ suggestion: String? = nil) -> Diagnostic {
        Diagnostic(
            severity: .error, message: "wrong", location: SourceLocation(line: line, column: column), length: length,
            suggestion: suggestion)
    }

    @Test func showsPlaceMessageLineMarkAndSuggestion() {
        let source = "version: 1\n    send: { split: [{ model: cls-v3, weight: 90 }] }\n"
        let diagnostic = Diagnostic(
            severity: .error, message: "unknown model \"cls-v3\"", location: SourceLocation(line: 2, column: 30),
            length: 6, suggestion: "did you mean \"cls-v1\"?")
        #expect(
            diagnostic.rendered(file: "gateway.yaml", source: source) == #"""
                gateway.yaml:2:30: error: unknown model "cls-v3"
                    2 |     send: { split: [{ model: cls-v3, weight: 90 }] }
                      |                              ^~~~~~ did you mean "cls-v1"?
                """#)
    }

    @Test func aWarningSaysSo() {
        var diagnostic = error(1, 1, 1)
        diagnostic.severity = .warning
        #expect(diagnostic.rendered(file: "g", source: "a") == "g:1:1: warning: wrong\n    1 | a\n      | ^")
    }

    @Test func tabsTakeFourColumnsAndAreWhollyMarked() {
        #expect(
            error(1, 3, 1, "use spaces").rendered(file: "g", source: "a:\tb") == """
                g:1:3: error: wrong
                    1 | a:    b
                      |   ^~~~ use spaces
                """)
    }

    @Test func wideCharactersTakeTwoColumnsAndMarksNone() {
        #expect(
            error(1, 6, 1).rendered(file: "g", source: "日e\u{301}: x") == """
                g:1:6: error: wrong
                    1 | 日e\u{301}: x
                      |      ^
                """)
    }

    @Test func controlCharactersAreNotPassedOn() {
        let text = error(1, 1, 1).rendered(file: "g", source: "a\u{1B}[31mb")
        #expect(text == "g:1:1: error: wrong\n    1 | a\u{FFFD}[31mb\n      | ^")
    }

    @Test func ofALongLineTheMarkedPartIsShown() {
        let source = String(repeating: "x", count: 300) + "HERE" + String(repeating: "y", count: 300)
        #expect(
            error(1, 301, 4).rendered(file: "g", source: source)
                == "g:1:301: error: wrong\n    1 | …" + String(repeating: "x", count: 32) + "HERE"
                + String(repeating: "y", count: 63) + "…\n      | " + String(repeating: " ", count: 33) + "^~~~")
    }

    @Test func theEndOfALongLineFillsTheWindow() {
        let source = String(repeating: "x", count: 300) + "HERE"
        #expect(
            error(1, 301, 4).rendered(file: "g", source: source)
                == "g:1:301: error: wrong\n    1 | …" + String(repeating: "x", count: 95) + "HERE\n      | "
                + String(repeating: " ", count: 96) + "^~~~")
    }

    @Test(arguments: [(1, 5), (1, 9_999), (7, 1)]) func placesOutsideTheTextAreMarkedAtTheEnd(
        _ line: Int, _ column: Int
    ) {
        let shown = line == 1 ? "abc" : ""
        let spaces = String(repeating: " ", count: shown.count)
        #expect(
            error(line, column, 9).rendered(file: "g", source: "abc\nd")
                == "g:\(line):\(column): error: wrong\n    \(line) |\(shown.isEmpty ? "" : " ")\(shown)\n      | \(spaces)^"
        )
    }

    @Test func aSuggestionOfManyLinesIsIndented() {
        #expect(
            error(1, 1, 1, "write:\na: 1\nb: 2").rendered(file: "g", source: "") == """
                g:1:1: error: wrong
                    1 |
                      | ^ write:
                      |     a: 1
                      |     b: 2
                """)
    }

    @Test func lineNumbersOfAnyLengthKeepTheBarInLine() {
        let source = String(repeating: "\n", count: 123_456) + "a: 1"
        #expect(
            error(123_457, 1, 1).rendered(file: "g", source: source)
                == "g:123457:1: error: wrong\n123457 | a: 1\n       | ^")
    }

    @Test func aReportEndsWithACount() {
        #expect(
            Diagnostic.report([error(1, 1, 1), error(1, 2, 1)], file: "g", source: "ab") == """
                g:1:1: error: wrong
                    1 | ab
                      | ^
                g:1:2: error: wrong
                    1 | ab
                      |  ^
                2 errors
                """)
    }

    @Test(arguments: [
        (0, 0, "no mistakes"), (1, 0, "1 error"), (2, 1, "2 errors, 1 warning"), (0, 2, "2 warnings"),
    ])
    func summaryCounts(_ errors: Int, _ warnings: Int, _ text: String) {
        var warning = error(1, 1, 1)
        warning.severity = .warning
        let all = Array(repeating: warning, count: warnings) + Array(repeating: error(1, 1, 1), count: errors)
        #expect(Diagnostic.summary(all) == text)
    }

    @Test func programsGetJSON() {
        var first = error(2, 3, 4, "say \"a\\b\"\nor\u{1}")
        first.severity = .warning
        #expect(
            Diagnostic.json([first, error(5, 6, 7)])
                == #"[{"severity":"warning","message":"wrong","line":2,"column":3,"length":4,"#
                + #""suggestion":"say \"a\\b\"\nor\u0001"},"#
                + #"{"severity":"error","message":"wrong","line":5,"column":6,"length":7,"suggestion":null}]"#)
        #expect(Diagnostic.json([]) == "[]")
    }
}
