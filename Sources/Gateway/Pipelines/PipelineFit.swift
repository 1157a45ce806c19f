internal import Configuration
internal import PluginHost
internal import Tensors

/// Whether the steps of pipelines hand each other what they take.
enum PipelineFit {
    /// What doesn't fit, at its place in the file. Steps whose models aren't loaded may make anything.
    static func diagnostics(_ configuration: GatewayConfiguration, models: [ModelRuntime]) -> [Diagnostic] {
        let known = Dictionary(models.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return configuration.models.flatMap { model -> [Diagnostic] in
            guard let pipeline = model.pipeline else { return [] }
            let steps = pipeline.steps.compactMap { known[$0.model.text]?.loaded?.declared }
            guard steps.count == pipeline.steps.count else { return [] }
            return PipelineWiring(pipeline, models: steps).diagnostics
        }
    }
}
