import Foundation
import NIOConcurrencyHelpers
import Glibc
import PluginHost
import Tensors
import Testing

/// A plugin that tries to get out. What the kernel of the machine can't refuse it can't be tested for here; the runner
/// says so in the log at its start, and these tests look for that.
@Suite struct SandboxTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-sandbox-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("granted"), withIntermediateDirectories: true)
        try "secret".write(to: folder.appendingPathComponent("secret"), atomically: true, encoding: .utf8)
        try "given".write(to: folder.appendingPathComponent("granted/given"), atomically: true, encoding: .utf8)
    }

    /// What became of attempts, by one runner with that plan.
    private func results(of attempts: [String], _ plan: SandboxPlan) throws -> [String: String] {
        defer { try? FileManager.default.removeItem(at: folder) }
        let stub = try StubModel.warm(["no_retry": "true"], in: .isolated, sandbox: plan)
        var results: [String: String] = [:]
        for attempt in attempts {
            let collector = PartCollector()
            stub.instance.infer(try collector.call("attempt", more: ["attempt": attempt], deadline: .seconds(20)))
            let part = try collector.waitForFinal()
            results[attempt] =
                part.parameters.first { $0.key == "result" }?.value.text ?? part.error.map { "\($0)" } ?? "no answer"
        }
        let refusals = stub.recorder.logs.withLockedValue { $0 }.filter { $0.contains("refused part") }
        #expect(refusals.isEmpty, "this kernel can't do all of it")
        stub.instance.unload()
        return results
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    @Test func strictLetsNothingThroughButGrants() throws {
        let plan = SandboxPlan(
            level: .strict, readablePaths: [path("granted/given")], writablePaths: [])
        let refused = [
            "socket inet", "socket unix", "socket netlink", "connect 22", "read /etc/shadow", "read /etc/passwd",
            "read \(path("secret"))", "read-parent", "write \(path("granted/new"))", "write /tmp/sluice-escaped",
            "write \(path("granted/given"))", "execute /bin/true", "signal-parent", "trace-parent", "outlive",
            "privileges",
        ]
        let results = try results(of: refused + ["read \(path("granted/given"))", "environment HOME"], plan)
        for attempt in refused {
            #expect(
                ["EACCES", "EPERM", "ENOENT"].contains(results[attempt] ?? ""), "\(attempt): \(results[attempt] ?? "")")
        }
        #expect(results["read \(path("granted/given"))"] == "done")
        #expect(results["environment HOME"] == "unset")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/sluice-escaped"))
    }

    @Test func strictMayWriteWhereItIsGranted() throws {
        let plan = SandboxPlan(level: .strict, writablePaths: [path("granted")])
        let inside = "write \(path("granted/new"))"
        let outside = "write \(path("new"))"
        let results = try results(of: [inside, outside], plan)
        #expect(results[inside] == "done")
        #expect(results[outside] == "EACCES")
    }

    @Test func standardReadsButNeitherWritesNorTouchesTheSystem() throws {
        let results = try results(
            of: [
                "read \(path("secret"))", "write \(path("new"))", "socket inet", "socket unix", "connect 22",
                "signal-parent", "trace-parent", "read-parent", "privileges", "outlive", "execute /bin/true",
            ], SandboxPlan(level: .standard))
        #expect(results["read \(path("secret"))"] == "done")
        #expect(results["socket unix"] == "done")
        #expect(results["execute /bin/true"] == "done")
        for attempt in [
            "write \(path("new"))", "socket inet", "connect 22", "signal-parent", "trace-parent", "read-parent",
            "privileges", "outlive",
        ] {
            #expect(["EACCES", "EPERM"].contains(results[attempt] ?? ""), "\(attempt): \(results[attempt] ?? "")")
        }
    }

    @Test func grantedNetworkIsANetwork() throws {
        for level in [SandboxPlan.Level.strict, .standard] {
            let results = try results(of: ["socket inet"], SandboxPlan(level: level, allowsNetwork: true))
            #expect(results["socket inet"] == "done", "\(level)")
        }
    }

    @Test(arguments: SandboxPlan.Level.allCases) func noRunnerHasTheGatewaysSecretsOrDescriptors(
        level: SandboxPlan.Level
    ) throws {
        setenv("SLUICE_TEST_SECRET", "hidden", 1)
        let results = try results(
            of: ["environment SLUICE_TEST_SECRET", "environment PATH", "count-environment", "descriptors"],
            SandboxPlan(level: level))
        #expect(results["environment SLUICE_TEST_SECRET"] == "unset")
        #expect(results["environment PATH"] == "unset")
        #expect(results["count-environment"] == "\(Hosting.environment.count)")
        // The socket to its gateway; the memory files are closed once they are mapped.
        #expect(results["descriptors"] == "1")
    }

    @Test(arguments: SandboxPlan.Level.allCases) func modelsWorkInEverySandbox(level: SandboxPlan.Level) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let stub = try StubModel.warm(in: .isolated, sandbox: SandboxPlan(level: level, memoryLimit: 1 << 30))
        for behaviour in ["ok", "host-memory", "answer-later", "stream"] {
            let collector = PartCollector()
            stub.instance.infer(try collector.call(behaviour, more: ["for": "1ms"]))
            #expect(try collector.waitForFinal().error == nil, "\(behaviour)")
        }
        stub.instance.unload()
    }
}
