@testable import Gateway
import Configuration
import PluginHost
import Telemetry
import Tensors

/// Pipelines of the tests' own models, each step of them written as in a file.
enum PipelineFixture {
    static let nowhere = SourceLocation(line: 1, column: 1)

    static func name(_ text: String, line: Int = 1) -> PipelineConfiguration.Name {
        .init(text, at: SourceLocation(line: line, column: 1))
    }

    /// A step, on the line of its number.
    static func step(
        _ model: String, line: Int = 1, inputs: [String: String] = [:], outputs: [String: String] = [:]
    ) -> PipelineConfiguration.Step {
        func wires(_ names: [String: String]) -> [PipelineConfiguration.Wire] {
            names.sorted { $0.key < $1.key }.map {
                .init(name: name($0.key, line: line), tensor: name($0.value, line: line))
            }
        }
        var step = PipelineConfiguration.Step(model: name(model, line: line))
        step.inputs = wires(inputs)
        step.outputs = wires(outputs)
        return step
    }

    static func configuration(
        _ steps: [PipelineConfiguration.Step], named name: String = "p", outputs: [String] = [], inputs: [String] = []
    ) -> ModelConfiguration {
        var model = ModelConfiguration(name: name, plugin: "", config: .mapping([]), location: nowhere)
        var pipeline = PipelineConfiguration(steps: steps)
        pipeline.outputs = outputs.map { self.name($0, line: 90) }
        pipeline.inputs = inputs.map { self.name($0, line: 91) }
        model.pipeline = pipeline
        return model
    }

    static func runtime(
        _ name: String, _ model: FakeModel, metrics: GatewayMetrics,
        change: (inout ModelConfiguration) -> Void = { _ in }
    ) throws -> ModelRuntime {
        var configuration = ModelConfiguration(name: name, plugin: "fake", config: .mapping([]), location: nowhere)
        change(&configuration)
        return try ModelRuntime.running(
            configuration, instances: [model], metrics: metrics, violation: { _, _, _ in })
    }
}
