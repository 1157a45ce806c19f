import Configuration
import Testing

@Suite struct EncryptionMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    /// With a store that is encrypted; the mapping begins at 8:13.
    private static func text(_ encryption: String) -> GatewayText {
        GatewayText(
            more: """
                consumers: { anonymous: { limits: [trial] } }
                limits: { trial: [{ count: requests, max: 1/s, store: it }] }
                stores: { it: { kind: sqlite, path: ./tls/q.db } }
                encryption: \(encryption)
                """)
    }

    static let cases: [WrongText] = [
        WrongText("one key", text("{ keys: [{ id: a, key: env:LONG }] }"), []),
        WrongText(
            "two keys", text("{ keys: [{ id: a, key: env:LONG }, { id: b, key: env:MEDIUM }], write: plain }"), []),
        WrongText(
            "a key alone", text("env:LONG"),
            [#"8:13+8 error: encryption must be a mapping, not "env:LONG" | known keys: keys, write"#]),
        WrongText("no keys", text("{}"), ["8:1+10 error: encryption has no keys | write e.g. keys: [{ … }]"]),
        WrongText(
            "an empty list", text("{ keys: [] }"),
            ["8:21+1 error: keys is an empty list | leave it out, or name at least one"]),
        WrongText(
            "no id", text("{ keys: [{ key: env:LONG }] }"),
            ["8:22+1 error: a key has no id | write e.g. id: disk-2026"]),
        WrongText(
            "no secret", text("{ keys: [{ id: a }] }"),
            ["8:22+1 error: a key has no key | write e.g. key: env:SLUICE_DISK_KEY"]),
        WrongText(
            "a secret written out", text("{ keys: [{ id: a, key: 0123456789 }] }"),
            [
                """
                8:36+10 error: key is written out: secrets are named in the file, and kept elsewhere | write e.g. \
                env:SLUICE_DISK_KEY
                """
            ]),
        WrongText(
            "a short secret", text("{ keys: [{ id: a, key: env:TOKEN }] }"),
            ["8:36+9 error: key has 6 bytes; at least 32 are needed | make one with: openssl rand -hex 32"]),
        WrongText(
            "an id twice", text("{ keys: [{ id: a, key: env:LONG }, { id: a, key: env:MEDIUM }] }"),
            [#"8:54+1 error: two keys have the id "a" | a new key has a new id"#]),
        WrongText(
            "a secret twice", text("{ keys: [{ id: a, key: env:LONG }, { id: b, key: env:LONG }] }"),
            [#"8:54+1 error: key "b" has the secret of another one"#]),
        WrongText(
            "an unknown form", text("{ keys: [{ id: a, key: env:LONG }], write: clear }"),
            [#"8:56+5 error: write can't be "clear" | known words: sealed, plain"#]),
        WrongText(
            "nothing to encrypt", GatewayText(more: "encryption: { keys: [{ id: a, key: env:LONG }] }"),
            [
                """
                5:1+10 warning: nothing that the file names is encrypted: no store is of kind sqlite, and no model has a \
                state
                """
            ]),
    ]
}
