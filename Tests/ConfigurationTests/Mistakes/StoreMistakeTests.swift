import Testing

@testable import Configuration

@Suite struct StoreMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    /// A store that a limit uses; its mapping begins at 7:14.
    private static func store(_ text: String) -> GatewayText {
        GatewayText(
            more: """
                consumers: { anonymous: { limits: [trial] } }
                limits: { trial: [{ count: requests, max: 1/s, store: it }] }
                stores: { it: { \(text) } }
                """)
    }

    static let cases: [WrongText] = [
        WrongText(
            "no kind", store("path: ./tls/q.db"),
            [#"7:11+2 error: store "it" has no kind | write e.g. kind: sqlite"#]),
        WrongText(
            "an unknown kind", store("kind: sqlight"),
            [#"7:23+7 error: kind can't be "sqlight" | known words: sqlite, redis"#]),
        WrongText(
            "no path", store("kind: sqlite"),
            [#"7:11+2 error: store "it" has no path | write e.g. path: ./quotas.db"#]),
        WrongText(
            "no folder", store("kind: sqlite, path: ./none/q.db"),
            [#"7:37+11 error: there is no folder "/etc/sluice/none" for the store"#]),
        WrongText(
            "a flush that is too long", store("kind: sqlite, path: ./tls/q.db, flush: 1s"),
            ["7:56+2 error: flush must be from 1ms to 100ms, not 1s"]),
        WrongText(
            "keys of the other kind", store("kind: sqlite, path: ./tls/q.db, timeout: 1s, if_down: deny"),
            [
                "7:49+7 error: timeout is not for a store of kind sqlite | remove it",
                "7:62+7 error: if_down is not for a store of kind sqlite | remove it",
            ]),
        WrongText(
            "keys of the first kind", store("kind: redis, url: redis://a, path: ./q.db, flush: 1ms"),
            [
                "7:46+4 error: path is not for a store of kind redis | remove it",
                "7:60+5 error: flush is not for a store of kind redis | remove it",
            ]),
        WrongText(
            "no url", store("kind: redis"),
            [#"7:11+2 error: store "it" has no url | write e.g. url: redis://127.0.0.1:6379"#]),
        WrongText(
            "another url", store("kind: redis, url: http://a:1"),
            [#"7:35+10 error: url: "http://a:1" is not a redis:// address | write e.g. redis://127.0.0.1:6379/0"#]),
        WrongText(
            "a database that is none", store("kind: redis, url: redis://a:1/x"),
            [#"7:35+13 error: url: "redis://a:1/x" is not a redis:// address | write e.g. redis://127.0.0.1:6379/0"#]),
        WrongText(
            "an authority without TLS", store("kind: redis, url: redis://a, ca: ./tls/ca.pem"),
            ["7:46+2 error: ca is for a server that is reached by TLS | write url: rediss://…, or leave it out"]),
        WrongText(
            "an authority that there is not", store("kind: redis, url: rediss://a, ca: ./none.pem"),
            [#"7:51+10 error: there is no file "/etc/sluice/none.pem""#]),
        WrongText(
            "a password in the url", store("kind: redis, url: \"redis://u:s3cret@a:1\""),
            ["7:35+22 error: url holds a user or a password | write username: and password: env:NAME beside it"]),
        WrongText(
            "a password written out", store("kind: redis, url: redis://a, password: s3cret"),
            [
                "7:56+6 error: password is written out: secrets are named in the file, and kept elsewhere | write e.g. env:REDIS_PASSWORD"
            ]),
        WrongText(
            "a variable that there is not", store("kind: redis, url: redis://a, password: env:NONE"),
            [#"7:56+8 error: the environment has no variable "NONE" | set it, e.g. NONE=…"#]),
        WrongText(
            "a variable that is empty", store("kind: redis, url: redis://a, password: env:EMPTY"),
            [#"7:56+9 error: "env:EMPTY" is empty"#]),
        WrongText(
            "a file that there is not", store("kind: redis, url: redis://a, password: file:./none"),
            [#"7:56+11 error: there is no file "/etc/sluice/none" that can be read"#]),
        WrongText(
            "a name without a password", store("kind: redis, url: redis://a, username: me"),
            [#"7:46+8 error: store "it" has a username and no password | write password: env:NAME or file:PATH"#]),
        WrongText(
            "a lease that is too large", store("kind: redis, url: redis://a, lease: 80%"),
            [#"7:53+3 error: lease: "80%" is not a percentage from 0% to 50% | write e.g. 5%"#]),
        WrongText(
            "an unknown way out", store("kind: redis, url: redis://a, if_down: open"),
            [#"7:55+4 error: if_down can't be "open" | known words: local, deny, allow"#]),
        WrongText(
            "a store that nothing uses", GatewayText(more: "stores: { it: { kind: sqlite, path: ./tls/q.db } }"),
            [#"5:11+2 error: no limit uses store "it" | use it or remove it"#]),
        WrongText(
            "one file for two",
            GatewayText(
                more: """
                    global_limits: [a]
                    limits: { a: [{ count: requests, max: 1/s, store: x }, { count: requests, max: 1/s, store: y }] }
                    stores: { x: { kind: sqlite, path: ./tls/q.db }, y: { kind: sqlite, path: tls/q.db } }
                    """),
            [#"7:50+1 error: store "y" has the file of store "x" | one store can keep the counts of all limits"#]),
    ]
}
