import Foundation
import Testing

/// `sluice bench` against a real gateway.
@Suite struct BenchCommandTests {
    private static let yaml = """
        version: 1
        listeners: { public: { address: LISTENER } }
        auth: none
        models:
          echo: { plugin: echo }
          texts: { plugin: echo, config: { inputs: [{ name: INPUT0, datatype: BYTES, shape: [3] }] } }
        observability: { access_log: none }
        """

    private static let key = "slk_k1_benchmark-secret"
    /// SHA-256 of the key.
    private static let hash = "7f62042fab218dbca5cc31b334c586109ac38ec12656c88365a556d21e5ac79e"

    private struct Outcome {
        var status: Int32
        var output: String
        var errors: String
        var report: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any] ?? [:]
        }
        var requests: Int? { report["requests"] as? Int }
        var failures: [String: Int]? { report["failures"] as? [String: Int] }
    }

    private func bench(_ gateway: GatewayFixture, _ arguments: [String], key: String? = nil) throws -> Outcome {
        let process = Process()
        process.executableURL = GatewayFixture.program
        process.arguments =
            ["bench", "http://127.0.0.1:\(gateway.port)"] + arguments + ["--format", "json", "--warm-up", "0"]
        process.environment = ProcessInfo.processInfo.environment.merging(["SLUICE_KEY": key ?? ""]) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let outputText = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: outputText, errors: errorText)
    }

    @Test func everyRequestOfACountIsAnswered() throws {
        let gateway = try GatewayFixture(Self.yaml)
        for more in [[], ["--binary"], ["--rate", "2000"], ["--rate", "2000", "--poisson"], ["--threads", "2"]] {
            for model in ["echo", "texts"] {
                let outcome = try bench(gateway, [model, "--count", "301", "--connections", "7"] + more)
                #expect(outcome.status == 0, "\(more): \(outcome.errors)\(outcome.output)")
                #expect(outcome.requests == 301)
                #expect(outcome.failures == [:])
                #expect(outcome.report["unsent"] as? Int == 0)
                let latency = try #require(outcome.report["latency"] as? [String: Double])
                let order = try ["min", "p50", "p90", "p99", "p999", "max"].map { try #require(latency[$0]) }
                #expect(order == order.sorted() && order[0] > 0)
            }
        }
    }

    @Test func aTimedRunTakesItsTime() throws {
        let gateway = try GatewayFixture(Self.yaml)
        let outcome = try bench(gateway, ["echo", "--duration", "300ms", "--connections", "2"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try #require(outcome.report["seconds"] as? Double) >= 0.3)
        #expect(try #require(outcome.requests) > 0)
    }

    @Test func aFileIsSentAsItIs() throws {
        let gateway = try GatewayFixture(Self.yaml)
        let file = gateway.folder.appendingPathComponent("body.csv")
        try "INPUT0_0,INPUT0_1\n1,2\n".write(to: file, atomically: true, encoding: .utf8)
        let outcome = try bench(
            gateway,
            ["echo", "--body", file.path, "--content-type", "text/csv", "--path", "/v1/infer/echo", "--count", "20"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.requests == 20)
    }

    @Test func theKeyComesFromTheEnvironmentAndRefusalsAreCountedByStatus() throws {
        let gateway = try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            auth: api_keys
            models: { echo: { plugin: echo } }
            consumers:
              acme:
                keys: [{ id: k1, hash: "sha256:\(Self.hash)" }]
                allow: { models: [echo] }
                limits: [few]
            limits: { few: [{ count: requests, max: 11/day }] }
            observability: { access_log: none }
            """)
        let refused = try bench(gateway, ["echo", "--count", "5"])
        #expect(refused.status == 1)
        #expect(refused.errors.contains("401"))
        // One of the eleven is the trial.
        let outcome = try bench(gateway, ["echo", "--count", "15", "--connections", "3"], key: Self.key)
        #expect(outcome.status == 1)
        #expect(outcome.requests == 10)
        #expect(outcome.failures == ["429": 5])
        #expect(!(outcome.output + outcome.errors + refused.errors).contains(Self.key))
    }

    @Test func mistakesAreSaidBeforeAnyLoad() throws {
        let gateway = try GatewayFixture(Self.yaml)
        for (arguments, words) in [
            (["nobody"], "Request for unknown model"),
            (["echo", "--shape", "INPUT9=1,2"], "no input \"INPUT9\""),
            (["echo", "--shape", "INPUT0"], "write e.g. INPUT0=1,16"),
            (["echo", "--body", "/nowhere/at-all"], "can't read /nowhere/at-all"),
            (["echo", "--rate", "0"], "--rate"),
            (["echo", "--count", "1", "--duration", "1s"], "exclude each other"),
        ] {
            let outcome = try bench(gateway, arguments)
            #expect(outcome.status != 0)
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
        }
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        let outcome = try bench(gateway, ["echo"])
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains("nobody answers at 127.0.0.1:\(gateway.port)"))
    }
}
