package import Configuration
internal import Policies
internal import Routing
internal import Tensors

/// Loads what a file names as a start does, without serving any of it.
package struct ModelTrial: Sendable {
    private let loader: ModelLoader

    package init(_ loader: ModelLoader) {
        self.loader = loader
    }

    /// What keeps the models from serving, or from standing in for each other; nothing stays loaded.
    package func diagnostics(_ configuration: GatewayConfiguration) -> [Diagnostic] {
        let models = loader.provision(configuration).map(\.runtime)
        defer { for model in models { _ = model.shutDown() } }
        let failures = models.compactMap { model in
            // What is wrong with steps is said at their places.
            model.isMiswired
                ? nil
                : model.failure.map { reason in
                    Diagnostic(
                        severity: .error, message: "model \"\(model.name)\" can't be loaded: \(reason)",
                        location: model.configuration.location, length: model.name.count)
                }
        }
        return failures + ModelFit(configuration, routes: RouteTable(configuration), models: models).diagnostics
    }
}

/// Whether models are such as routes, limits and bounds of inputs want them.
struct ModelFit {
    let diagnostics: [Diagnostic]
    let fixedAnswers: FixedAnswers

    /// - Parameter models: in the order of the configuration; those that aren't loaded are left out.
    init(_ configuration: GatewayConfiguration, routes: RouteTable, models: [ModelRuntime]) {
        let signatures = Dictionary(
            models.compactMap { model in model.loaded.map { (model.name, $0.signature) } },
            uniquingKeysWith: { first, _ in first })
        let (fixedAnswers, faults) = FixedAnswers.read(routes.routes)
        self.fixedAnswers = fixedAnswers
        diagnostics =
            faults + routes.routes.flatMap { FallbackSignature.diagnostics(for: $0, signatures: signatures) }
            + ShadowFit.diagnostics(routes.routes, models: models)
            + InputLimitFit.diagnostics(configuration, models: models)
            + PipelineFit.diagnostics(configuration, models: models)
            + MediaFit.diagnostics(configuration, models: models)
            + LabelFit.diagnostics(configuration, models: models)
            + CountableFacts.diagnostics(configuration, models: models)
    }
}
