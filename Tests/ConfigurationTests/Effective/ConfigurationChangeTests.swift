@testable import Configuration
import Foundation
import Testing

@Suite struct ConfigurationChangeTests {
    private func load(_ text: String) throws -> GatewayConfiguration {
        let outcome = ConfigurationLoader().load(text, context: .test)
        return try #require(outcome.configuration, "\(outcome.diagnostics.map(\.brief))")
    }

    private func changes(_ old: GatewayText, _ new: GatewayText) throws -> [String] {
        ConfigurationChange.all(from: try load(old.text), to: try load(new.text)).map(\.text)
    }

    @Test func layoutOrderAndWrittenDefaultsAreNoDifferences() throws {
        let new = GatewayText(
            listeners: "# a comment\nlisteners:\n  public:\n    address: \"127.0.0.1:8080\"\n    max_body: 64MiB",
            models: "models: { echo: { queue: 256, plugin: echo, concurrency: auto } }", more: "drain: 25s")
        #expect(try changes(GatewayText(), new) == [])
        let a = GatewayText(models: "models: { a: { plugin: echo }, b: { plugin: echo } }")
        let b = GatewayText(
            models: "models: { b: { plugin: echo }, a: { plugin: echo } }",
            more: """
                routes: [{ match: { model: a }, send: a }, { match: { model: b }, send: b }]
                """)
        #expect(try changes(a, b) == [], "routes that are written out as they would be anyway")
    }

    @Test func picturesFilmAndSoundAreComparedByTheFilesKeys() throws {
        func model(_ input: String) -> GatewayText {
            GatewayText(models: "models: { a: { plugin: echo, inputs: { x: { \(input) } } } }")
        }
        let image = "size: 8x8, scale: 1, mean: 0, std: 1, fill: 0, fit: stretch, max_pixels: 40MP"
        let sparse = model("image: { size: 8x8 }, video: { frames: 2 }")
        let full = model(
            "image: { \(image) }, video: { frames: 2, max_duration: 600s }")
        #expect(try changes(sparse, full) == [])
        #expect(
            try changes(sparse, model("image: { size: 8x8, scale: 1/4 }, video: { frames: 3 }")) == [
                "~ models.a.inputs.x.image.scale: 1 -> 0.25", "~ models.a.inputs.x.video.frames: 2 -> 3",
            ])
        #expect(
            try changes(
                model("audio: {}"), model("audio: { rate: 16kHz, pad_end: true, channels: mono, max_duration: 5s }"))
                == ["~ models.a.inputs.x.audio.max_duration: \"10min\" -> \"5s\""])
    }

    @Test func outputsOfStepsAreThereOnce() throws {
        func models(_ outputs: String) -> GatewayText {
            GatewayText(
                models: """
                    models:
                      a: { plugin: echo }
                      two: { steps: [{ model: a, outputs: { OUTPUT0: y } }], outputs: \(outputs) }
                    """)
        }
        #expect(try changes(models("[y]"), models("[y]")) == [])
        let text = try load(models("[y]").text).effective.json
        #expect(text.contains(#""outputs":["y"]"#), "\(text)")
        // The plugin that makes pictures comes with them.
        let lines = try changes(models("[y]"), models("{ y: { image: { quality: 80 } } }"))
        let outputs = try #require(lines.first { $0.contains("models.two.outputs") })
        #expect(outputs.contains("80"), "\(outputs)")
        #expect(lines.filter { !$0.contains("plugins.media") } == [outputs])
    }

    @Test func everyKindOfDifferenceIsOneLine() throws {
        let old = GatewayText(
            models: "models: { a: { plugin: echo, timeout: 2s }, gone: { plugin: echo } }",
            more: """
                limits: { few: [{ count: requests, max: 10/min }] }
                consumers: { anonymous: { limits: [few] } }
                """)
        let new = GatewayText(
            models: "models: { a: { plugin: echo, queue: 8, config: { x: [1, 2] } }, v.2: { plugin: echo } }",
            more: """
                limits: { few: [{ count: requests, max: 20/min }] }
                consumers: { anonymous: { limits: [few] } }
                drain: 90s
                """)
        let lines = try changes(old, new)
        #expect(lines.contains { $0.hasPrefix("- models.gone: {") })
        #expect(lines.contains { $0.hasPrefix("+ models.\"v.2\": {") })
        #expect(lines.contains("~ models.a.queue: 256 -> 8"))
        #expect(lines.contains("- models.a.timeout: \"2s\""))
        #expect(lines.contains("+ models.a.config.x: [1,2]"))
        #expect(lines.contains("~ drain: \"25s\" -> \"90s\""))
        #expect(lines.contains { $0.hasPrefix("~ limits.few: ") && $0.contains("10/min") && $0.contains("20/min") })
        #expect(lines.contains { $0.hasPrefix("- routes.gone") })
    }

    @Test func otherOrderOfRoutesIsADifference() throws {
        let models = "models: { a: { plugin: echo } }"
        let first = "{ name: x, match: { model: x }, send: a }",
            second = "{ name: y, match: { model: \"y*\" }, send: a }"
        #expect(
            try changes(
                GatewayText(models: models, more: "routes: [\(first), \(second)]"),
                GatewayText(models: models, more: "routes: [\(second), \(first)]"))
                == [#"~ routes (order): ["x","y"] -> ["y","x"]"#])
    }

    @Test func secretsAreInNoDifference() throws {
        let hash = String(repeating: "ab", count: 32)
        let old = GatewayText(models: "models: { a: { plugin: echo } }")
        let new = GatewayText(
            models: "models: { a: { plugin: echo, config: { token: env:TOKEN } } }", auth: "auth: api_keys",
            more: "consumers: { c: { keys: [{ id: k, hash: \"sha256:\(hash)\" }], allow: { models: [a] } } }")
        let text = try changes(old, new).joined(separator: "\n")
        #expect(text.contains("env:TOKEN"))
        #expect(!text.contains("s3cret"))
        #expect(!text.contains(hash))
        #expect(!ConfigurationChange.json([]).contains("s3cret"))
    }

    @Test func jsonHasPathKindAndBothValues() throws {
        let all = ConfigurationChange.all(
            from: try load(GatewayText().text), to: try load(GatewayText(more: "drain: 3s").text))
        #expect(
            ConfigurationChange.json(all)
                == #"[{"path":"drain","change":"changed","before":"25s","after":"3s"}]"#)
    }

    /// A key that isn't in the effective configuration would change without anybody being told.
    @Test func everyKeyIsPartOfTheEffectiveConfiguration() throws {
        let hash = String(repeating: "cd", count: 32)
        let text = """
            version: 1
            listeners:
              public:
                address: "127.0.0.1:8080"
                serves: [inference, admin]
                tls: { cert: ./tls/server.pem, key: ./tls/server.key }
                firewall: { deny: 10.0.0.0/8 }
            plugins: { echo: {}, file: { path: ./libonnx.so } }
            models:
              a:
                plugin: echo
                inputs:
                  X: { columns: [p] }
                  film: { image: { size: 64x48, fit: letterbox }, video: { fps: 1 } }
                  sound: { audio: { rate: 16kHz, scale: 2 } }
                outputs: { picture: { image: {} }, speech: { audio: {} } }
                self_test: [{ inputs: {} }]
                batching: { max_rows: 8 }
                pad: { inputs: { X: 0 } }
                cache: { size: 1MiB, age: 10s }
                breaker: {}
                references: { hosts: files.example }
                tokenizer: { vocabulary: ./vocab.txt }
              b: { plugin: file }
              d: { plugin: echo }
              e: { steps: [d, { model: b, inputs: { x: y }, rows: 2 }], outputs: [z] }
            auth: { api_keys: { header: x-key, pepper: env:LONG }, jwt: true }
            ban: { failures: 3 }
            issuers:
              url:
                issuer: a
                audience: b
                keys: { url: "https://login.example/keys", ca: tls/ca.pem, refresh: 1min }
                consumer: { claim: sub, names: { u: c }, otherwise: c }
              file: { issuer: c, audience: b, keys: { file: keys.json }, consumer: c }
              secret: { issuer: d, audience: b, keys: { secret: env:LONG }, consumer: c }
            admin: { keys: [{ id: ops, hash: "sha256:\(hash)" }] }
            shared_memory: { allow: ["s_*"] }
            consumers: { c: { keys: [{ id: k, hash: "sha256:\(digits)" }], allow: { models: ["*"] }, limits: [l], groups: [g] } }
            groups:
              g:
                limits: [l]
                allow:
                  - { models: [a], listeners: [public], from: 10.0.0.0/8, claims: { role: x } }
                  - { models: [b], during: { days: mon, hours: "08:00-18:00" } }
            audit: { file: ./audit.log, key: env:LONG }
            anomalies: { signals: [rejects] }
            encryption: { keys: [{ id: disk, key: env:LONG }] }
            deny: { models: [b], operations: [infer], from: 192.0.2.1 }
            limits:
              l: [{ count: requests, max: 1/s, store: d }, { count: rows, max: 1/day, window: calendar, store: r }]
            stores:
              d: { kind: sqlite, path: ./tls/quotas.db }
              r: { kind: redis, url: "redis://127.0.0.1", password: env:TOKEN }
            routes:
              - { match: { model: e }, send: e }
              - { match: { model: a }, send: { split: [{ model: a, weight: 1 }, { model: b, weight: 2 }] } }
              - match: { model: b }
                send: { model: b }
                retry: {}
                hedge: { after: p95 }
                fallback:
                  - { when: [any], low_confidence: { output: y, below: 0.5 }, model: a }
                  - { when: [any], stale: 1h }
                  - { when: [any], answer: { y: { datatype: FP32, shape: [1], data: [0.5] } } }
              - name: c
                match: { model: c, inputs: { X: { shape: [-1] } } }
                send:
                  model: a
                  canary: { model: b, share: 1%, schedule: [{ at: "2027-01-01", share: 2% }] }
                  sticky: { header: x-session }
                shadow: { model: d }
                redact: people
            redaction: { people: { find: email, patterns: { p: "a+" } } }
            """
        let effective = try load(text).effective.json
        #expect(!effective.contains("s3cret"))
        // `auth: none` is the absence of the other forms.
        for written in [#""size":"64x48""#, #""fit":"letterbox""#, #""fps":1"#, #""rate":16000"#, #""scale":2"#] {
            #expect(effective.contains(written), "\(written)")
        }
        for block in Block.all where block.path != "auth" {
            for key in block.keys { #expect(effective.contains("\"\(key.name)\":"), "\(key.name) of \(block.path)") }
        }
    }

    @Test(arguments: [0, 86_399, 951_782_400, 1_795_478_400, 4_102_444_799] as [Int64])
    func datesAreWrittenAsTheyAreRead(seconds: Int64) {
        #expect(DateText.parse(DateText.text(seconds)) == seconds)
    }
}
