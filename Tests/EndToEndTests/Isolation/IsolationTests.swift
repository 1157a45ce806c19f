import Foundation
import Glibc
import Testing

/// `isolation: process` in a real gateway.
@Suite struct IsolationTests {
    private static let yaml = """
        version: 1
        listeners:
          public: { address: LISTENER }
        plugins:
          faulty: { name: stub_faulty, isolation: process, sandbox: strict, grace: 50ms }
        models:
          a: { plugin: echo, isolation: process }
          b: { plugin: faulty, timeout: 2s }
          c: { plugin: faulty, config: { no_retry: true }, timeout: 2s }
          c-here: { plugin: stub_faulty }
        routes:
          - { match: { model: a }, send: a }
          - { match: { model: b }, send: b }
          - match: { model: c }
            send: c
            fallback: [{ when: [5xx], model: c-here }]
        auth: none
        """

    private static func body(_ behaviour: String, count: Int = 4) -> String {
        let data = (1...count).map(String.init).joined(separator: ",")
        return """
            {"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,\(count)],"data":[\(data)]}],\
            "parameters":{"behaviour":"\(behaviour)"}}
            """
    }

    @Test func answersAreThoseOfThePlugin() throws {
        let gateway = try GatewayFixture(Self.yaml)
        for count in [1, 4, 1000, 100_000] {
            let response = try gateway.post("/v2/models/a/infer", Self.body("ok", count: count))
            #expect(response.status == 200)
            #expect(response.text.contains(#""shape":[1,\#(count)]"#))
            #expect(response.text.contains("\(count)]"))
        }
        let failed = try gateway.post("/v2/models/b/infer", Self.body("fail"))
        #expect(failed.status == 500)
        #expect(failed.text.contains("told to fail"))
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        #expect(gateway.runners.isEmpty)
    }

    @Test func crashIsAClearErrorOrTheFallbacksAnswer() throws {
        let gateway = try GatewayFixture(Self.yaml)
        let crashed = try gateway.post("/v2/models/b/infer", Self.body("abort"))
        #expect(crashed.status == 503)
        #expect(crashed.text.contains("plugin_crashed") || crashed.text.contains("crashed"))
        #expect(try gateway.post("/v2/models/b/infer", Self.body("ok")).status == 200)
        // The fallback gets the same request, so it must be one that only a runner dies of.
        let saved = try gateway.post("/v2/models/c/infer", Self.body("corrupt-ring"))
        #expect(saved.status == 200)
        #expect(saved.headers["sluice-fallback"]?.contains("plugin_crashed") == true, "\(saved.headers)")
        #expect(eventually { gateway.logLines("runner ended").count == 3 }, "twice for b, which may be tried again")
        let report = try #require(gateway.logLines("runner ended").first)
        #expect(report["model"] as? String == "b")
        #expect(report["end"] as? String == "SIGABRT")
        // It had long been loaded: nothing more is known than the signal.
        #expect((report["reason"] as? String ?? "").isEmpty, "\(report)")
    }

    @Test func runnersDieWithTheGateway() throws {
        let gateway = try GatewayFixture(Self.yaml)
        #expect(gateway.runners.count == 3)
        #expect(gateway.templates.count == 3)
        let processes = gateway.runners + gateway.templates
        kill(gateway.processID, SIGKILL)
        _ = gateway.waitForExit()
        #expect(eventually { processes.allSatisfy { !FileManager.default.fileExists(atPath: "/proc/\($0)") } })
    }

    /// A template is of no consequence to the runners that were made from it, and there will be another one.
    @Test func templatesThatAreGoneAreReplaced() throws {
        let gateway = try GatewayFixture(Self.yaml)
        let (runners, templates) = (gateway.runners, gateway.templates)
        for template in templates { kill(try #require(Int32(template)), SIGKILL) }
        #expect(eventually { gateway.templates.isEmpty }, "they are buried at once")
        for model in ["a", "b", "c"] {
            #expect(try gateway.post("/v2/models/\(model)/infer", Self.body("ok")).status == 200)
        }
        #expect(gateway.runners == runners)
        #expect(gateway.logLines("runner ended").isEmpty)
        #expect(try gateway.post("/v2/models/c/infer", Self.body("corrupt-ring")).status == 200)
        #expect(try eventually { try gateway.get("/v2/models/c/ready").status == 200 })
        #expect(gateway.runners.count == 3)
        #expect(gateway.templates.count == 1, "the one that was needed")
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        #expect(gateway.runners.isEmpty && gateway.templates.isEmpty)
    }

    /// Where a runner's memory can't be laid out anew it is no copy, but the program from its beginning. With a sanitizer
    /// each one is, and takes far more address space.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SLUICE_TEST_PLUGINS"] == nil))
    func withoutAddressSpaceToSpareRunnersAreStartedAnew() throws {
        let gateway = try GatewayFixture(Self.yaml)
        for template in gateway.templates {
            // Enough for the memory that is shared; a gap is larger, forty-nine times in fifty.
            let limit = Process()
            limit.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
            limit.arguments = ["--pid", template, "--as=\(20 << 30)"]
            try limit.run()
            limit.waitUntilExit()
            #expect(limit.terminationStatus == 0)
        }
        func isStartedAnew(_ runner: String) -> Bool {
            let arguments = try? String(contentsOfFile: "/proc/\(runner)/cmdline", encoding: .utf8)
            return arguments == "sluice-runner\0alone\0"
        }
        let hasStartedAnew = try eventually {
            // The fallback's answer to what the runner dies of, and then the next runner's own.
            let saved = try gateway.post("/v2/models/c/infer", Self.body("corrupt-ring"))
            #expect(saved.status == 200)
            let answered = try gateway.post("/v2/models/c/infer", Self.body("ok"))
            #expect(answered.status == 200 && answered.headers["sluice-fallback"] == nil)
            return gateway.runners.contains(where: isStartedAnew)
        }
        #expect(hasStartedAnew)
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        #expect(gateway.runners.isEmpty && gateway.templates.isEmpty)
    }

    /// A network with nothing in it, which the next runner of the same model has in its turn, and no other one.
    @Test func runnersHaveNetworksOfTheirOwn() throws {
        func network(_ process: String) -> String? {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/net")
        }
        let gateway = try GatewayFixture(Self.yaml)
        let before = gateway.runners
        let networks = Set(before.compactMap(network))
        let own = network("self")
        #expect(own != nil && networks.count == 3 && !networks.contains(own ?? ""))
        for _ in 0..<2 { #expect(try gateway.post("/v2/models/c/infer", Self.body("corrupt-ring")).status == 200) }
        #expect(eventually { gateway.runners.count == 3 && Set(gateway.runners) != Set(before) })
        #expect(eventually { Set(gateway.runners.compactMap(network)) == networks }, "the next ones go into the same")
        for process in gateway.runners {
            let devices = try String(contentsOfFile: "/proc/\(process)/net/dev", encoding: .utf8)
            #expect(devices.split(separator: "\n").dropFirst(2).map { $0.split(separator: ":")[0] } == ["    lo"])
        }
        #expect(gateway.logLines("the kernel refused part of the sandbox").isEmpty, "\(gateway.log.suffix(2000))")
    }

    @Test func readinessIsTrue() throws {
        let gateway = try GatewayFixture(Self.yaml)
        #expect(try gateway.get("/v2/models/c/ready").status == 200)
        #expect(try gateway.get("/v2/models/b/ready").status == 200)
        // Each of these is two crashes in a row: the breaker opens.
        for _ in 0..<3 { _ = try gateway.post("/v2/models/b/infer", Self.body("abort")) }
        #expect(try gateway.get("/v2/models/b/ready").status != 200)
        let refused = try gateway.post("/v2/models/b/infer", Self.body("ok"))
        #expect(refused.status == 503)
        #expect(refused.headers["retry-after"] != nil)
        #expect(try gateway.get("/v2/models/a/ready").status == 200)
        #expect(try eventually { try gateway.post("/v2/models/b/infer", Self.body("ok")).status == 200 })
        #expect(try gateway.get("/v2/models/b/ready").status == 200)
    }
}
