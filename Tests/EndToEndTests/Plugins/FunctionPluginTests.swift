import Foundation
import Testing

/// The ffi plugin in a real gateway: the example's ten lines of C, served by a few lines of YAML.
@Suite struct FunctionPluginTests {
    @Test func plainLibraryIsServedByItsSignature() throws {
        let scratch = try ScratchFolder()
        let source = GatewayFixture.root.appendingPathComponent("examples/scoring/score.c").path
        let built = try ProgramRun(
            "cc", ["-O2", "-shared", "-fPIC", source, "-lm", "-o", "libscore.so"], in: scratch.url)
        try #require(built.status == 0, "\(built.errors)")
        let signature = "(f64 in[n,4], i64 n, f64 out[n]) -> i32"
        let report = try ProgramRun(
            GatewayFixture.program.path,
            [
                "plugin", "check", "\(GatewayFixture.pluginFolder)/libsluice_ffi.so", "--strict", "--fuzz", "200",
                "--config", "{ library: ./libscore.so, symbol: score, signature: \"\(signature)\" }",
            ], in: scratch.url)
        #expect(report.status == 0, "\(report.output)\(report.errors)")

        let gateway = try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            models:
              scoring:
                plugin: ffi
                config:
                  library: \(scratch.url.path)/libscore.so
                  symbol: score
                  signature: "\(signature)"
                inputs: { in: { columns: [income, debt, age, missed] } }
            auth: none
            """)
        let rows: [[Double]] = [[52, 8, 41, 0], [31, 22, 29, 2], [88, 95, 50, 1]]
        let expected = rows.map { 1 / (1 + exp(-(0.04 * $0[0] - 0.06 * $0[1] + 0.02 * $0[2] - 0.9 * $0[3]))) }
        let answer = try gateway.post("/v1/infer/scoring", "{\"in\": \(rows)}")
        #expect(answer.status == 200, "\(answer.text) \(gateway.log)")
        let scores = try #require((answer.json["outputs"] as? [String: [Double]])?["out"])
        #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < 1e-12 } && scores.count == 3, "\(scores)")

        let table = "missed,income,age,debt\n0,52,41,8\n"  // by name, in another order
        let byName = try gateway.post("/v1/infer/scoring", table, type: "text/csv")
        #expect((byName.json["outputs"] as? [String: [Double]])?["out"] == [scores[0]], "\(byName.text)")

        let short = try gateway.post("/v1/infer/scoring", "{\"in\": [[1, 2, 3]]}")
        #expect(short.status == 400 && short.error?.contains("FP64[-1,4]") == true, "\(short.text)")
    }
}
