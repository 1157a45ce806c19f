import Configuration
import Testing

@Suite struct GoodConfigurationTests {
    private func load(
        _ text: String, plugins: Set<String> = [], sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> GatewayConfiguration {
        var context = ConfigurationLoader.Context.test
        context.installedPlugins.formUnion(plugins)
        let outcome = ConfigurationLoader().load(text, context: context)
        #expect(outcome.diagnostics.map(\.brief) == [], sourceLocation: sourceLocation)
        return try #require(outcome.configuration, sourceLocation: sourceLocation)
    }

    @Test(arguments: RepositoryFile.configurations) func shippedFileHasNoMistakes(_ path: String) throws {
        _ = try load(try RepositoryFile.text(path), plugins: ["ffi", "python", "tflite"])
    }

    @Test(
        arguments: [
            ("./iris.onnx", "onnxruntime"), ("/opt/Face.TFLITE", "tflite"), ("writer.gguf", "llama"),
            ("a.ubj", "xgboost"),
            ("./a.json", "xgboost"), ("./a.txt", "lightgbm"), ("./a.joblib", "python"), ("./a.skops", "python"),
            ("./model.py", "python"), ("./tls/nmp", "tensorflow"), ("./nmp/saved_model.pb", "tensorflow"),
        ]) func aFileAloneIsAModel(_ file: String, plugin: String) throws
    {
        let installed = Set(["tflite", "llama", "xgboost", "lightgbm", "python", "tensorflow"])
        func loaded(_ model: String) throws -> GatewayConfiguration {
            try load(GatewayText(models: "models: { a: \(model) }").text, plugins: installed)
        }
        let (short, long) = (try loaded(file), try loaded("{ plugin: \(plugin), config: { file: \(file) } }"))
        #expect(short.models == long.models)
        #expect(short.plugins.map(\.name) == [plugin])
        #expect(short.plugins.map(\.isolation) == long.plugins.map(\.isolation))
    }

    @Test func pluginsThatRunAnybodysCodeHaveAProcessUnlessTheFileSaysOtherwise() throws {
        func isolation(_ models: String, _ more: String = "") throws -> [Isolation] {
            let text = GatewayText(models: "models: { \(models) }", more: more).text
            return try load(text, plugins: ["ffi", "python", "tflite"]).plugins.map(\.isolation)
        }
        #expect(try isolation("a: { plugin: echo }, b: { plugin: python }") == [.inProcess, .process])
        #expect(try isolation("a: { plugin: ffi }", "plugins: { ffi: { memory: 1GiB } }") == [.process])
        #expect(try isolation("a: { plugin: py }", "plugins: { py: { name: python } }") == [.process])
        #expect(
            try isolation("a: { plugin: python }", "plugins: { python: { isolation: in-process } }") == [.inProcess])
        #expect(try isolation("a: { plugin: python }", "plugins: { python: { path: ./libonnx.so } }") == [.inProcess])
    }

    @Test func whatIsLeftOutHasDefaults() throws {
        let configuration = try load(GatewayText().text)
        let listener = try #require(configuration.listeners.first)
        #expect(configuration.listeners.count == 1)
        #expect(listener == ListenerConfiguration(name: "public", host: "127.0.0.1", port: 8080))
        #expect(listener.serves == [.inference, .metrics])
        #expect((listener.maxBody, listener.maxHeaders, listener.maxConnections) == (67_108_864, 32_768, 10_000))
        #expect((listener.headerTimeout, listener.bodyTimeout) == (.seconds(10), .seconds(30)))
        #expect(listener.idleTimeout == .seconds(75))
        let model = try #require(configuration.models.first)
        #expect((model.name, model.plugin, model.version, model.queue) == ("echo", "echo", "1", 256))
        #expect(model.config == .mapping([]))
        #expect(model.concurrency == nil && model.timeout == nil && model.columns.isEmpty)
        #expect(configuration.auth == .none)
        #expect(configuration.consumers.isEmpty && configuration.limits.isEmpty)
        #expect(configuration.observability == ObservabilityConfiguration())
        #expect(configuration.drain == .seconds(25))
    }

    @Test func aModelNamesAnInstalledPluginThatIsNotDeclared() throws {
        let configuration = try load(GatewayText(models: "models: { a: { plugin: echo }, b: { plugin: echo } }").text)
        let place = SourceLocation(line: 3, column: 24)
        #expect(
            configuration.plugins == [PluginConfiguration(name: "echo", source: .name("echo"), location: place)])
    }

    @Test func withoutRoutesEachModelAnswersUnderItsName() throws {
        let configuration = try load(
            GatewayText(models: "models: { vision/a: { plugin: echo }, b: { plugin: tract } }", auth: "auth: api_keys")
                .text + Self.acme)
        #expect(configuration.routes.map(\.name) == ["vision/a", "b"])
        #expect(configuration.routes.map(\.model) == ["vision/a", "b"])
        #expect(configuration.routes.map { $0.targets.map(\.model) } == [["vision/a"], ["b"]])
        #expect(configuration.routes.allSatisfy { $0.requiresKey && $0.fallback.isEmpty && $0.contentTypes.isEmpty })
        #expect(configuration.routes.allSatisfy { $0.deadline == .seconds(30) && $0.targets[0].weight == 1 })
    }

    private static let acme =
        "\nconsumers: { acme: { keys: [{ id: k1, hash: \"sha256:\(digits)\" }], allow: { models: \"*\" } } }\n"

    @Test func everyKeyOfAListenerIsRead() throws {
        let configuration = try load(
            GatewayText(
                listeners: """
                    listeners:
                      public:
                        address: "[::1]:0"
                        serves: inference
                        max_body: 1GiB
                        max_headers: 10KB
                        max_connections: 5
                        timeouts: { headers: 50ms, body: 5min, idle: 1h }
                    """
            ).text)
        var listener = ListenerConfiguration(name: "public", host: "::1", port: 0)
        listener.serves = [.inference]
        listener.maxBody = 1 << 30
        listener.maxHeaders = 10_000
        listener.maxConnections = 5
        listener.headerTimeout = .milliseconds(50)
        listener.bodyTimeout = .seconds(300)
        listener.idleTimeout = .seconds(3_600)
        #expect(configuration.listeners == [listener])
    }

    @Test func pluginsAreFoundByPathNameOrKey() throws {
        let configuration = try load(
            GatewayText(
                models: "models: { a: { plugin: onnx }, b: { plugin: lite }, c: { plugin: ort }, d: { plugin: echo } }",
                more: """
                    plugins:
                      onnx: { path: ./libonnx.so, sha256: "\(digits.uppercased())" }
                      lite: { path: /opt/liblite.so }
                      ort: { name: onnxruntime }
                      echo: {}
                    """
            ).text)
        #expect(
            configuration.plugins.map(\.source) == [
                .path("/etc/sluice/libonnx.so"), .path("/opt/liblite.so"), .name("onnxruntime"), .name("echo"),
            ])
        #expect(configuration.plugins.map(\.sha256) == [digits, nil, nil, nil])
        #expect(configuration.plugins.map(\.location.line) == [6, 7, 8, 9])
    }

    @Test func everyKeyOfAModelIsRead() throws {
        let configuration = try load(
            GatewayText(
                models: """
                    models:
                      iris:
                        plugin: onnxruntime
                        version: 12
                        concurrency: 4
                        queue: 0
                        timeout: 2s
                        inputs: { "float input": { columns: [sepal length, 1] } }
                        config: { file: ./iris.onnx }
                    """
            ).text)
        let model = try #require(configuration.models.first)
        #expect((model.version, model.concurrency, model.queue) == ("12", 4, 0))
        #expect(model.timeout == .seconds(2))
        #expect(model.columns == ["float input": ["sepal length", "1"]])
        #expect(model.config == .mapping([("file", .string("./iris.onnx"))]))
        #expect(model.location == SourceLocation(line: 4, column: 3))
    }

    @Test func configIsReadAsYAML12() throws {
        let configuration = try load(
            GatewayText(
                models: #"""
                    models:
                      echo:
                        plugin: echo
                        config:
                          null: 1
                    """#.replacing("null: 1", with: Self.everyKindOfValue)
            ).text)
        #expect(
            configuration.models[0].config.json
                == #"{"t":true,"f":false,"n":null,"e":null,"i":-7,"h":255,"o":8,"z":0,"d":0.5,"x":1000.0,"#
                + #""p":0.25,"s":"1:30","v":"1.2.3","q":"yes","b":"two\nlines\n","l":[1,[2,"a"],{}],"token":"s3cret","#
                + #""empty":"","file":"file:/etc/x"}"#)
    }

    private static let everyKindOfValue = """
        t: true
              f: False
              n: ~
              e:
              i: -7
              h: 0xFF
              o: 0o10
              z: 0
              d: 0.5
              x: 1e3
              p: .25
              s: 1:30
              v: 1.2.3
              q: "yes"
              b: |
                two
                lines
              l: [1, [2, a], {}]
              token: env:TOKEN
              empty: "env:EMPTY"
              file: file:/etc/x
        """

    @Test func aliasesRepeatWhatTheyName() throws {
        let configuration = try load(
            GatewayText(
                models: "models: { a: &m { plugin: &p echo, config: { k: [*p, \"*p\"] } }, b: *m }"
            ).text)
        #expect(configuration.models.map(\.name) == ["a", "b"])
        #expect(configuration.models.map(\.plugin) == ["echo", "echo"])
        #expect(configuration.models[1].config.json == #"{"k":["echo","*p"]}"#)
    }

    @Test func anchorsOnKeysCanBeRepeatedToo() throws {
        let configuration = try load(GatewayText(models: "models: { &e echo : { plugin: *e } }").text)
        #expect(configuration.models.map(\.name) == ["echo"] && configuration.models[0].plugin == "echo")
    }

    @Test func aRouteMayAskForKeysWhereTheFileDoesNot() throws {
        let configuration = try load(
            GatewayText(
                more: """
                    routes: [{ match: { model: echo, content_type: text/csv }, auth: api_keys, send: echo }, { send: echo }]
                    """
            ).text + Self.acme)
        #expect(configuration.auth == .none && configuration.auth.keyHeader == "authorization")
        #expect(configuration.routes.map(\.requiresKey) == [true, false])
    }

    @Test func everyKeyOfARouteIsRead() throws {
        let configuration = try load(
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo }, c: { plugin: echo } }",
                auth: "auth: { api_keys: { header: X-API-Key } }",
                more: """
                    routes:
                      - name: vision
                        match: { model: vision/*, content_type: [image/*, Application/JSON] }
                        auth: none
                        send: { split: [{ model: a, weight: 90 }, { model: b, weight: 10 }] }
                        fallback: [{ when: [5xx, timeout], model: c }]
                        deadline: 5s
                      - { auth: api_keys, send: { model: a }, fallback: [{ when: any, model: b }] }
                    consumers:
                      acme: { keys: [{ id: k1, hash: "sha256:\(digits)" }], allow: { models: [vision/*, other] } }
                    """
            ).text)
        #expect(configuration.auth == .apiKeys(header: "x-api-key") && configuration.auth.keyHeader == "x-api-key")
        let place = { (line: Int, column: Int) in SourceLocation(line: line, column: column) }
        #expect(
            configuration.routes == [
                RouteConfiguration(
                    name: "vision", model: "vision/*", contentTypes: ["image/*", "application/json"],
                    identities: [],
                    targets: [
                        .init(model: "a", weight: 90, location: place(9, 30)),
                        .init(model: "b", weight: 10, location: place(9, 56)),
                    ], fallback: [.init(when: [.serverError, .timeout], model: "c", location: place(10, 47))],
                    deadline: .seconds(5), location: place(6, 5)),
                RouteConfiguration(
                    name: "*", model: nil, contentTypes: [], identities: .apiKeys,
                    targets: [.init(model: "a", weight: 1, location: place(12, 38))],
                    fallback: [.init(when: [.any], model: "b", location: place(12, 74))], deadline: .seconds(30),
                    location: place(12, 5)),
            ])
    }

    @Test func consumersAndLimitsAreRead() throws {
        let other = String(digits.reversed())
        let configuration = try load(
            GatewayText(
                auth: "auth: api_keys",
                more: """
                    consumers:
                      acme:
                        keys:
                          - { id: k1, hash: "sha256:\(digits.uppercased())", expires: 2027-01-01 }
                          - { id: k2, hash: "sha256:\(other)", expires: "2027-01-01T08:30:01Z" }
                        allow: { models: [echo, "e*"] }
                        limits: [standard, daily]
                      anonymous: { limits: daily }
                    limits:
                      standard: [{ count: requests, max: 100/min, burst: 20 }, { count: requests, max: 5/s }]
                      daily: [{ count: requests, max: 7/day }]
                    routes: [{ match: { model: echo, content_type: text/csv }, auth: none, send: echo }, { send: echo }]
                    """
            ).text)
        let acme = try #require(configuration.consumers.first)
        #expect(
            acme.keys == [
                .init(id: "k1", sha256: digits, expires: 1_798_761_600),
                .init(id: "k2", sha256: other, expires: 1_798_792_201),
            ])
        #expect(acme.allow.map(\.models) == [["echo", "e*"]] && acme.limits == ["standard", "daily"])
        let anonymous = try #require(configuration.consumers.last)
        #expect(anonymous.keys.isEmpty && anonymous.allow.map(\.models) == [["*"]] && anonymous.limits == ["daily"])
        #expect(
            configuration.limits.map(\.withoutPlace) == [
                LimitConfiguration(
                    name: "standard",
                    quotas: [
                        .init(count: .requests, max: 100, period: .seconds(60), burst: 20),
                        .init(count: .requests, max: 5, period: .seconds(1), burst: 5),
                    ]),
                LimitConfiguration(
                    name: "daily", quotas: [.init(count: .requests, max: 7, period: .seconds(86_400), burst: 7)]),
            ])
    }

    @Test(arguments: [
        ("none", ObservabilityConfiguration.Output.none), ("stdout", .stdout), ("stderr", .stderr),
        ("./access.log", .file("/etc/sluice/access.log")), ("logs/access.log", .file("/etc/sluice/logs/access.log")),
        ("/var/log/access.log", .file("/var/log/access.log")),
    ])
    func accessLogGoesWhereTheFileSays(_ written: String, _ output: ObservabilityConfiguration.Output) throws {
        let more = "observability: { access_log: \(written), log_level: warning }\ndrain: 0s"
        let configuration = try load(GatewayText(more: more).text)
        #expect(configuration.observability.accessLog == output)
        #expect(configuration.observability.logLevel == .warning)
        #expect(configuration.drain == .zero)
    }

    @Test(arguments: ["127.0.0.1:1", "127.255.0.9:1", "localhost:1", "LocalHost:1", "[::1]:1", "[0:0:0:0:0:0:0:1]:1"])
    func authNoneIsFineOnLoopback(_ address: String) throws {
        let listeners = "listeners: { public: { address: \"\(address)\" } }"
        #expect(try load(GatewayText(listeners: listeners).text).auth == .none)
    }

    @Test func openAccessCanBeAcceptedForTheFileOrARoute() throws {
        let listeners = #"listeners: { public: { address: "0.0.0.0:80" } }"#
        let whole = try load(GatewayText(listeners: listeners, auth: "auth: { none: i-accept-open-access }").text)
        #expect(whole.auth == .none && !whole.routes[0].requiresKey)
        let route = try load(
            GatewayText(
                listeners: listeners, auth: "auth: api_keys",
                more: "routes: [{ auth: { none: i-accept-open-access }, send: echo }]"
            ).text)
        #expect(route.auth == .apiKeys(header: "authorization") && !route.routes[0].requiresKey)
    }
}

extension LimitConfiguration {
    fileprivate var withoutPlace: LimitConfiguration {
        var limit = self
        limit.location = SourceLocation(line: 1, column: 1)
        return limit
    }
}
