import Configuration
import Testing

@Suite struct AuditMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    private static func text(_ audit: String, more: String = "") -> GatewayText {
        GatewayText(more: "audit: \(audit)\n\(more)")
    }

    static let cases: [WrongText] = [
        WrongText("nothing wrong", text("{ file: audit.log }"), []),
        WrongText("all of it", text("{ file: ./audit.log, key: env:LONG, rotate: 1MiB, keep: 3 }"), []),
        WrongText(
            "no file", text("{ keep: 3 }"),
            [#"5:1+5 error: audit has no file | write e.g. file: ./audit.log"#]),
        WrongText(
            "a word", text("on"),
            [#"5:8+2 error: audit must be a mapping, not "on" | known keys: file, key, rotate, keep"#]),
        WrongText(
            "a folder", text("{ file: /var/log/ }"),
            [#"5:16+9 error: file: "/var/log/" is a folder | write e.g. /var/log/audit.log"#]),
        WrongText(
            "a key as it is", text("{ file: a, key: 0123456789abcdef }"),
            [
                #"5:24+16 error: key is written out: secrets are named in the file, and kept elsewhere | write e.g. env:SLUICE_AUDIT_KEY"#
            ]),
        WrongText(
            "a short key", text("{ file: a, key: env:TOKEN }"),
            [#"5:24+9 error: key has 6 bytes; at least 32 are needed | make one with: openssl rand -hex 32"#]),
        WrongText(
            "a key that isn't there", text("{ file: a, key: env:NOWHERE }"),
            [#"5:24+11 error: the environment has no variable "NOWHERE" | set it, e.g. NOWHERE=…"#]),
        WrongText(
            "sizes and numbers that can't be", text("{ file: a, rotate: 1KiB, keep: 0 }"),
            [
                #"5:27+4 error: rotate must be from 4KiB to 1024GiB, not 1KiB"#,
                #"5:39+1 error: keep must be from 1 to 10000, not 0"#,
            ]),
        WrongText(
            "the access log's file", text("{ file: ./a.log }", more: "observability: { access_log: ./a.log }"),
            [#"5:16+7 error: the audit log can't be the file of the access log | give it one of its own"#]),
        WrongText(
            "a mistyped key", text("{ file: a, rotat: 1MiB }"),
            [#"5:19+5 error: unknown key "rotat" in audit | did you mean "rotate"?"#]),
    ]
}
