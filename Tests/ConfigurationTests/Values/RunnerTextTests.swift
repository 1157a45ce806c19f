import Configuration
import Testing

@Suite struct RunnerTextTests {
    @Test func whatIsGrantedIsTold() throws {
        let outcome = ConfigurationLoader().load(
            """
            version: 1
            listeners: { public: { address: "127.0.0.1:8080" } }
            plugins:
              onnx:
                path: ./libonnx.so
                isolation: process
                sandbox: strict
                memory: 1GiB
                grants: { read: [./libonnx.so], write: [/opt/liblite.so], network: any }
                env: [TOKEN]
              lite: { path: /opt/liblite.so, isolation: process }
            models:
              a: { plugin: onnx }
              b: { plugin: onnx, isolation: in-process }
              c: { plugin: lite, instances: 2 }
              d: { plugin: echo }
              e: { plugin: echo, isolation: process }
            auth: none
            """, context: .test)
        let configuration = try #require(outcome.configuration, "\(outcome.diagnostics)")
        #expect(
            configuration.runnerLines == [
                "model a: a process of its own, sandbox strict: reads system libraries, its plugin's folder, "
                    + "/etc/sluice/libonnx.so; writes /opt/liblite.so; network any; variables TOKEN; "
                    + "at most 1GiB of memory",
                "model c: 2 processes of its own, sandbox standard: reads everything; writes nothing; network none; "
                    + "no variables; any amount of memory",
                "model e: a process of its own, sandbox standard: reads everything; writes nothing; network none; "
                    + "no variables; any amount of memory",
            ])
        #expect(configuration.plugins.first?.runner.environment == ["TOKEN"])
        #expect(configuration.plugins.first?.runner.memory == 1 << 30)
    }
}
