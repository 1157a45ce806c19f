import Configuration
import Testing

@Suite struct TLSMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    @Test func goodFilesAreTakenFromTheFolderOfTheFile() throws {
        let text = Self.listener("cert: ./tls/a.pem, key: tls/a.key, client_ca: /etc/sluice/tls/ca.pem, plain: allow")
        let outcome = ConfigurationLoader().load(text.text, context: .test)
        #expect(outcome.diagnostics.map(\.brief) == [])
        let listener = try #require(outcome.configuration?.listeners.first)
        #expect(
            listener.tls
                == ListenerTLS(
                    certificate: "/etc/sluice/tls/a.pem", key: "/etc/sluice/tls/a.key",
                    clientCA: "/etc/sluice/tls/ca.pem", plain: .allow))
        #expect(listener.allowsPlain)
    }

    @Test func withoutAWordPlainConnectionsAreRefused() throws {
        let text = Self.listener("cert: ./tls/a.pem, key: tls/a.key")
        let listener = try #require(
            ConfigurationLoader().load(text.text, context: .test).configuration?.listeners.first)
        #expect(!listener.allowsPlain)
    }

    private static func listener(_ tls: String) -> GatewayText {
        GatewayText(listeners: #"listeners: { a: { address: "127.0.0.1:1", tls: { "# + tls + " } } }")
    }

    static let cases: [WrongText] = [
        WrongText(
            "no files", listener(""),
            [
                "2:43+3 error: tls has no cert | write e.g. cert: ./tls/server.pem",
                "2:43+3 error: tls has no key | write e.g. key: ./tls/server.key",
            ]),
        WrongText(
            "files that aren't there", listener("cert: ./no.pem, key: ./tls/a.key"),
            [#"2:56+8 error: there is no file "/etc/sluice/no.pem""#]),
        WrongText(
            "a key of another certificate", listener("cert: ./tls/a.pem, key: ./tls/other.key"),
            ["2:74+15 error: this file does not hold the private key of the first certificate in cert"]),
        WrongText(
            "a certificate that is a key", listener("cert: ./tls/key.pem, key: ./tls/a.key"),
            ["2:56+13 error: this file holds no certificate in PEM"]),
        WrongText(
            "clients' roots without certificates",
            listener("cert: ./tls/a.pem, key: ./tls/a.key, client_ca: ./tls/empty.pem"),
            ["2:98+15 error: this file holds no certificate in PEM"]),
        WrongText(
            "an unknown key", listener("cert: ./tls/a.pem, key: ./tls/a.key, chain: ./tls/b.pem"),
            [#"2:87+5 error: unknown key "chain" in tls | known keys: cert, key, client_ca, plain"#]),
        WrongText(
            "an unknown word", listener("cert: ./tls/a.pem, key: ./tls/a.key, plain: alow"),
            [#"2:94+4 error: plain can't be "alow" | did you mean "allow"?"#]),
    ]
}
