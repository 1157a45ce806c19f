import Configuration
import Testing

@Suite struct IssuerMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    /// A file with one issuer, of which the parts can be replaced.
    private static func text(
        keys: String = "{ url: https://login.example/keys }", consumer: String = "acme", rest: String = "",
        auth: String = "auth: jwt", issuer: String = "issuer: https://login.example/", more: String = ""
    ) -> GatewayText {
        GatewayText(
            auth: auth,
            more: """
                issuers:
                  login: { \(issuer), audience: sluice, keys: \(keys), consumer: \(consumer)\(rest) }
                \(more)consumers: { acme: { allow: { models: echo } } }
                """)
    }

    static let cases: [WrongText] = [
        WrongText("nothing wrong", text(), []),
        WrongText(
            "all of it",
            text(
                keys: "{ url: https://login.example:8443/keys?v=1, ca: tls/ca.pem, refresh: 1min }",
                rest: ", algorithms: [RS256, PS384, EdDSA], skew: 5s"), []),
        WrongText("a secret", text(keys: "{ secret: env:LONG }", rest: ", algorithms: [HS256, HS512]"), []),
        WrongText("a file", text(keys: "{ file: keys.json }"), []),
        WrongText("plain HTTP on this machine", text(keys: #"{ url: "http://127.0.0.1:9000/keys" }"#), []),
        WrongText(
            "no keys",
            GatewayText(
                auth: "auth: jwt",
                more:
                    "issuers: { login: { issuer: a, audience: b, consumer: acme } }\nconsumers: { acme: { allow: { models: echo } } }"
            ),
            [#"5:12+5 error: issuer "login" has no keys | write e.g. keys: { … }"#]),
        WrongText(
            "nothing at all", GatewayText(auth: "auth: jwt", more: "issuers: { login: {} }"),
            [
                #"5:12+5 error: issuer "login" has no issuer | write e.g. issuer: https://login.example/"#,
                #"5:12+5 error: issuer "login" has no audience | write e.g. audience: [sluice]"#,
                #"5:12+5 error: issuer "login" has no consumer | write e.g. consumer: acme"#,
                #"5:12+5 error: issuer "login" has no keys | write e.g. keys: { … }"#,
            ]),
        WrongText(
            "keys from nowhere", text(keys: "{}"),
            ["6:68+1 error: keys says nothing | write url, file or secret"]),
        WrongText(
            "keys from two places", text(keys: "{ url: https://login.example/keys, file: keys.json }"),
            ["6:103+4 error: keys come from one place: url, file or secret | leave the others out"]),
        WrongText(
            "a mistyped place", text(keys: "{ uri: https://login.example/keys }"),
            [
                #"6:70+3 error: unknown key "uri" in keys | did you mean "url"?"#
            ]),
        WrongText(
            "plain HTTP elsewhere", text(keys: "{ url: http://login.example/keys }"),
            ["6:75+25 error: keys that come without TLS can be replaced on their way | write https://"]),
        WrongText(
            "plain HTTP to a name that looks like this machine",
            text(keys: "{ url: http://127.0.0.1.example.com/keys }"),
            ["6:75+33 error: keys that come without TLS can be replaced on their way | write https://"]),
        WrongText(
            "another scheme", text(keys: #"{ url: "file:///etc/passwd" }"#),
            [
                "6:75+20 error: url is no URL of a key set: it doesn't begin with https:// | write e.g. https://login.example/keys.json"
            ]),
        WrongText(
            "a password in the URL", text(keys: "{ url: https://me:planted-secret@login.example/keys }"),
            [
                "6:75+44 error: url is no URL of a key set: a URL with a user or password ends up in logs | leave them out"
            ]),
        WrongText(
            "a host that is none", text(keys: #"{ url: "https://-$/keys" }"#),
            [
                #"6:75+17 error: url is no URL of a key set: "-$" is no host | write e.g. https://login.example/keys.json"#
            ]),
        WrongText(
            "a fragment", text(keys: #"{ url: "https://login.example/keys#a" }"#),
            ["6:75+30 error: url is no URL of a key set: a fragment is never sent | leave it out"]),
        WrongText(
            "a file that isn't there", text(keys: "{ file: other.json }"),
            [#"6:76+10 error: there is no file "/etc/sluice/other.json" that can be read"#]),
        WrongText(
            "a file without keys", text(keys: "{ file: wrong.json }"),
            ["6:76+10 error: this file holds no JSON object"]),
        WrongText(
            "roots that aren't there", text(keys: "{ url: https://login.example/keys, ca: ca.pem }"),
            [#"6:107+6 error: there is no file "/etc/sluice/ca.pem""#]),
        WrongText(
            "roots for a file", text(keys: "{ file: keys.json, ca: tls/ca.pem }"),
            ["6:87+2 error: a file has no ca | leave it out"]),
        WrongText(
            "a rhythm for a secret", text(keys: "{ secret: env:LONG, refresh: 1min }"),
            ["6:88+7 error: a secret has no refresh | leave it out"]),
        WrongText(
            "a secret that is written out", text(keys: "{ secret: planted-secret-planted-secret-planted }"),
            [
                "6:78+37 error: secret is written out: secrets are named in the file, and kept elsewhere | write e.g. env:LOGIN_SECRET"
            ]),
        WrongText(
            "a secret that is short", text(keys: "{ secret: env:TOKEN }"),
            ["6:78+9 error: secret has 6 bytes; at least 32 are needed | make one with: openssl rand -hex 32"]),
        WrongText(
            "a secret that is short for its hash", text(keys: "{ secret: env:MEDIUM }", rest: ", algorithms: HS512"),
            ["6:78+10 error: secret has 40 bytes; HS512 needs at least 64 | make one with: openssl rand -hex 64"]),
        WrongText(
            "a secret that isn't there", text(keys: "{ secret: env:NOBODY }"),
            [#"6:78+10 error: the environment has no variable "NOBODY" | set it, e.g. NOBODY=…"#]),
        WrongText(
            "a secret in a file that isn't there", text(keys: "{ secret: file:none }"),
            [#"6:78+9 error: there is no file "/etc/sluice/none" that can be read"#]),
        WrongText(
            "secrets in a list", text(keys: "{ secret: [env:LONG] }"),
            ["6:78+1 error: secret must be env:NAME or file:PATH, not a list | write e.g. env:LOGIN_SECRET"]),
        WrongText(
            "a set's keys as secrets", text(rest: ", algorithms: [RS256, HS256]"),
            [
                "6:141+5 error: HS256 needs a secret: whoever sees the keys of a set could sign with them | write keys: { secret: env:NAME }, or another algorithm"
            ]),
        WrongText(
            "a secret as a pair", text(keys: "{ secret: env:LONG }", rest: ", algorithms: RS256"),
            ["6:118+5 error: RS256 needs a pair of keys, and this issuer has a secret | write HS256, HS384 or HS512"]),
        WrongText(
            "no algorithm", text(rest: ", algorithms: none"),
            [
                #"6:133+4 error: algorithms can't be "none" | known words: HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, and 1 more"#
            ]),
        WrongText(
            "an algorithm twice", text(rest: ", algorithms: [RS256, RS256]"),
            ["6:141+5 error: algorithms names RS256 twice"]),
        WrongText(
            "a clock that is off by a day", text(rest: ", skew: 24h"),
            ["6:127+3 error: skew must be from 0s to 10min, not 24h"]),
        WrongText(
            "keys that are read all the time", text(keys: "{ file: keys.json, refresh: 1s }"),
            ["6:96+2 error: refresh must be from 10s to 24h, not 1s"]),
        WrongText(
            "a consumer that isn't there", text(consumer: "acne"),
            [#"6:115+4 error: unknown consumer "acne" | did you mean "acme"?"#]),
        WrongText(
            "tokens of anonymous", text(consumer: "{ claim: sub, otherwise: anonymous }"),
            [#"6:140+9 error: tokens can't be those of "anonymous" | it is for callers who show nothing"#]),
        WrongText(
            "consumers by a claim, one unknown", text(consumer: "{ claim: sub, names: { u1: acme, u2: nobody } }"),
            [#"6:152+6 error: unknown consumer "nobody" | known consumers: acme"#]),
        WrongText(
            "no claim", text(consumer: "{ names: { u1: acme } }"),
            ["6:115+1 error: consumer has no claim | write e.g. claim: sub"]),
        WrongText(
            "names in a list", text(consumer: "{ claim: sub, names: [acme] }"),
            ["6:136+1 error: names must be a mapping, not a list | write { VALUE: CONSUMER }"]),
        WrongText(
            "two with one iss",
            text(
                more:
                    "  other: { issuer: https://login.example/, audience: x, keys: { file: keys.json }, consumer: acme }\n"
            ),
            ["7:20+22 error: another issuer has this iss | first given in line 6"]),
        WrongText(
            "tokens that nothing takes",
            GatewayText(
                auth: "auth: api_keys",
                more: """
                    issuers: { login: { issuer: a, audience: b, keys: { file: keys.json }, consumer: acme } }
                    consumers: { acme: { keys: [{ id: k1, hash: "sha256:\(digits)" }], allow: { models: echo } } }
                    """),
            [
                #"5:12+5 error: issuer "login" is never asked: nothing takes jwt | write auth: [api_keys, jwt], or remove it"#
            ]),
        WrongText(
            "tokens of nobody", GatewayText(auth: "auth: jwt"),
            [
                "4:7+3 error: tokens (jwt) are taken, but the file has no issuers | write issuers: { NAME: { issuer: …, audience: …, keys: …, consumer: … } }",
                #"4:7+3 warning: no consumer has a key, so route "echo" refuses every request | add one under consumers"#,
            ]),
        WrongText(
            "a consumer that no token can be",
            GatewayText(
                auth: "auth: jwt",
                more: """
                    issuers: { login: { issuer: a, audience: b, keys: { file: keys.json }, consumer: acme } }
                    consumers: { acme: { allow: { models: echo } }, other: { allow: { models: echo } } }
                    """),
            [#"6:49+5 error: consumer "other" has no keys | write keys: [{ id: k1, hash: "sha256:…" }]"#]),
        WrongText(
            "a pepper that is written out", GatewayText(auth: "auth: { api_keys: { pepper: planted-secret-pepper } }"),
            [
                "4:29+21 error: pepper is written out: secrets are named in the file, and kept elsewhere | write e.g. env:SLUICE_PEPPER"
            ]),
        WrongText(
            "a pepper that is short", GatewayText(auth: "auth: { api_keys: { pepper: env:TOKEN } }"),
            ["4:29+9 error: pepper has 6 bytes; at least 16 are needed | make one with: openssl rand -hex 32"]),
        WrongText(
            "hashes with a pepper that there isn't",
            GatewayText(
                auth: "auth: api_keys",
                more:
                    #"consumers: { a: { keys: [{ id: k1, hash: "hmac-sha256:\#(digits)" }], allow: { models: echo } } }"#
            ),
            [
                #"5:42+78 error: this hash was made with a pepper, and the file has none | write auth: { api_keys: { pepper: env:SLUICE_PEPPER } }"#
            ]),
    ]
}
