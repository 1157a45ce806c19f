import Configuration
import Testing

@Suite struct FileFormTests {
    private let loader = ConfigurationLoader()

    @Test func bytesThatAreNotUTF8AreShown() {
        let bytes = Array("version: 1\nauth: ä".utf8) + [0xFF] + Array("\n".utf8)
        let outcome = loader.load(bytes, context: .test)
        #expect(outcome.configuration == nil)
        #expect(
            outcome.diagnostics.map(\.brief) == [
                "2:8+1 error: the file is not UTF-8: byte 0xFF | save the file as UTF-8"
            ])
    }

    @Test func aCutCharacterAtTheEndIsShown() {
        let outcome = loader.load(Array("auth: ".utf8) + [0xC3], context: .test)
        #expect(
            outcome.diagnostics.map(\.brief) == [
                "1:7+1 error: the file is not UTF-8: byte 0xC3 | save the file as UTF-8"
            ])
    }

    @Test func goodBytesAreReadLikeText() {
        let outcome = loader.load(Array(GatewayText().text.utf8), context: .test)
        #expect(outcome.diagnostics.isEmpty)
        #expect(outcome.configuration?.models.map(\.name) == ["echo"])
    }

    @Test func moreThanSixteenMebibytesAreRefused() {
        let text = GatewayText().text + "\n"
        #expect(loader.load(text + String(repeating: "#", count: 100_000), context: .test).diagnostics.isEmpty)
        // Refused by its size alone, before anything in it is read.
        let large = text + String(repeating: "#", count: (16 << 20) + 1 - text.utf8.count)
        let refused = ["1:1+1 error: the file is larger than 16MiB"]
        #expect(loader.load(large, context: .test).diagnostics.map(\.brief) == refused)
        #expect(loader.load(Array(large.utf8), context: .test).diagnostics.map(\.brief) == refused)
    }

    @Test(arguments: ["\r\n", "\r", "\n"]) func lineEndsOfEverySystemCountAsOne(_ end: String) {
        let text = GatewayText(more: "drain: 25").text.replacing("\n", with: end)
        #expect(
            loader.load(text, context: .test).diagnostics.map(\.brief) == [
                #"5:8+2 error: drain: "25" is not a duration | write 25s"#
            ])
    }

    @Test func aByteOrderMarkIsSkipped() {
        let outcome = loader.load("\u{FEFF}" + GatewayText(version: "versio: 1").text, context: .test)
        #expect(
            outcome.diagnostics.map(\.brief) == [
                #"1:1+6 error: unknown key "versio" in the file | did you mean "version"?"#
            ])
    }

    @Test func columnsCountCharactersNotBytes() {
        let text = GatewayText(models: "models: { echo: { plugin: echo, config: { \"日本語\": é }, queue: x } }").text
        #expect(
            loader.load(text, context: .test).diagnostics.map(\.brief) == [
                #"3:62+1 error: queue must be a whole number, not "x" | write e.g. 256"#
            ])
    }

    @Test func allMistakesOfAFileAreReportedAtOnceInTheirOrder() {
        let text = """
            version: 1
            listeners: { public: { address: "0.0.0.0:8080", max_body: 64 } }
            plugins: { onnx: { path: ./missing.so } }
            models:
              iris: { plugin: onnx, timeout: 2, timeout: 3s }
              spare: { plugin: echo }
            auth: none
            consumers: { anonymous: { limits: [trail] } }
            limits: { trial: [{ count: requests, max: 10 }] }
            routes:
              - { send: iris, deadline: 5 }
              - { match: { model: irs }, send: irs }
            observability: { log_level: debg }
            drains: 1s
            """
        #expect(
            loader.load(text, context: .test).diagnostics.map(\.brief) == [
                #"2:59+2 error: max_body: "64" is not a size | write 64B, or e.g. 64MiB"#,
                #"3:26+12 error: there is no file "/etc/sluice/missing.so""#,
                #"5:34+1 error: timeout: "2" is not a duration | write 2s"#,
                #"5:37+7 error: duplicate key "timeout" | first given in line 5"#,
                #"6:3+5 error: no route reaches model "spare" | send something to it or remove it"#,
                """
                7:7+4 error: auth: none lets everybody in who can reach listener "public" on 0.0.0.0, which is not \
                a loopback address | write { none: i-accept-open-access } if that is meant, else api_keys
                """,
                #"8:36+5 error: unknown limit "trail" | did you mean "trial"?"#,
                #"9:43+2 error: max: "10" is not a rate | write 10/s or 10/min"#,
                #"11:29+1 error: deadline: "5" is not a duration | write 5s"#,
                """
                12:23+3 error: route "irs" can't be reached: route "*" in line 11 takes all its requests | put it \
                before that route, or match less there
                """,
                #"12:36+3 error: unknown model "irs" | did you mean "iris"?"#,
                #"13:29+4 error: log_level can't be "debg" | did you mean "debug"?"#,
                #"14:1+6 error: unknown key "drains" in the file | did you mean "drain"?"#,
            ])
    }

    @Test func noMessageRepeatsWhatAVariableHolds() {
        var context = ConfigurationLoader.Context.test
        context.environment["TOKEN"] = "planted"
        let text = GatewayText(models: "models: { a: { plugin: echo, config: { t: env:TOKEN }, queue: x } }").text
        let diagnostics = loader.load(text, context: context).diagnostics
        #expect(diagnostics.count == 1)
        #expect(!Diagnostic.report(diagnostics, file: "gateway.yaml", source: text).contains("planted"))
    }
}
