internal import ArgumentParser
internal import Configuration
internal import Gateway
internal import Logging
internal import PluginHost
internal import Telemetry

/// `sluice check`: says everything that is wrong with a file, at once.
struct CheckCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a gateway.yaml without serving it.",
        discussion: "Prints every mistake with its place and, where there is one, what to write instead. "
            + "Ends with 1 if there is an error.")

    @Argument(help: "The configuration.")
    var file = "gateway.yaml"

    @Option(help: "text or json.")
    var format = Format.text

    @Flag(help: "Load the models too, run their self-tests, and hold those of one route against each other.")
    var load = false

    func run() throws {
        let source = try ConfigurationFile.read(file)
        var outcome = ConfigurationFile.check(source)
        if let pins = outcome.configuration?.pinDiagnostics, !pins.isEmpty {
            outcome.configuration = nil
            outcome.diagnostics += pins
        }
        if load, let configuration = outcome.configuration {
            let found = Self.loaded(configuration, folder: source.folder)
            outcome.diagnostics += found
            if !found.isEmpty { outcome.configuration = nil }
        }
        switch format {
        case .json: print(Diagnostic.json(outcome.diagnostics))
        case .text:
            for diagnostic in outcome.diagnostics {
                print(diagnostic.rendered(file: source.shownPath, source: source.text))
            }
            if let configuration = outcome.configuration {
                print(
                    "\(source.shownPath): \(Self.count(configuration.models, "model")), "
                        + "\(Self.count(configuration.routes, "route")), "
                        + "\(Self.count(configuration.consumers, "consumer")): good"
                        + (outcome.diagnostics.isEmpty ? "" : " (\(Diagnostic.summary(outcome.diagnostics)))"))
                for line in configuration.chainLines(file: source.shownPath) { print(line) }
                for line in configuration.runnerLines { print(line) }
            } else {
                print("\(source.shownPath): \(Diagnostic.summary(outcome.diagnostics))")
            }
        }
        if outcome.configuration == nil { throw ExitCode(1) }
    }

    private static func count(_ things: some Collection, _ noun: String) -> String {
        "\(things.count) \(noun)\(things.count == 1 ? "" : "s")"
    }

    /// What is wrong with the models, as a start would find it. Its log isn't wanted here.
    private static func loaded(_ configuration: GatewayConfiguration, folder: String) -> [Diagnostic] {
        let logger = Logger(label: "sluice") { _ in SwiftLogNoOpLogHandler() }
        let metrics = GatewayMetrics(version: sluiceVersion)
        return ModelTrial(
            ModelLoader(
                finder: ConfigurationFile.pluginFinder, runners: ConfigurationFile.runnerFinder,
                services: PluginServices.gateway(logger: logger, metrics: metrics), metrics: metrics, logger: logger,
                folder: folder)
        ).diagnostics(configuration)
    }
}
