internal import ArgumentParser
internal import Foundation
internal import NIOHTTP1

/// `sluice model`: the models of a running gateway.
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "List, load, unload, swap and teach the models of a running gateway.",
        subcommands: [
            ListModelsCommand.self, LoadModelCommand.self, UnloadModelCommand.self, SwapModelCommand.self,
            TeachModelCommand.self,
        ])
}

/// `sluice model list`
struct ListModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Every model, whether it is ready, and if not, why.")

    @OptionGroup var options: AdminClient.Options

    func run() async throws {
        let answer = try await AdminClient(options).send(.GET, "/admin/models")
        try answer.check()
        for model in answer.object["models"] as? [[String: Any]] ?? [] {
            let text: (String) -> String = { model[$0] as? String ?? "" }
            let isReady = model["ready"] as? Bool == true
            let load = "\(model["running"] as? Int ?? 0) running, \(model["waiting"] as? Int ?? 0) waiting"
            print(
                "\(text("name"))  version \(text("version"))  \(isReady ? "ready, \(load)" : "down: \(text("reason"))")"
            )
        }
    }
}

/// `sluice model load NAME`
struct LoadModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Load a model that isn't.")
    @OptionGroup var options: AdminClient.Options
    @Argument(help: "The model's name in gateway.yaml.") var name: String

    func run() async throws { try await AdminClient(options).change("load", name) }
}

/// `sluice model unload NAME`
struct UnloadModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unload", abstract: "Let a model finish what it has, then free it.",
        discussion: "It stays so until it is loaded again, or its entry in gateway.yaml changes.")
    @OptionGroup var options: AdminClient.Options
    @Argument(help: "The model's name in gateway.yaml.") var name: String

    func run() async throws { try await AdminClient(options).change("unload", name) }
}

/// `sluice model swap NAME`
struct SwapModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swap", abstract: "Load a model anew beside the one that serves, and let it take over.",
        discussion: "If it can't be loaded, or fails its self-test, the old one goes on serving.")
    @OptionGroup var options: AdminClient.Options
    @Argument(help: "The model's name in gateway.yaml.") var name: String

    func run() async throws { try await AdminClient(options).change("swap", name) }
}

extension AdminClient {
    fileprivate func change(_ change: String, _ model: String) async throws {
        let answer = try await send(.POST, Self.path(ofModel: model, change))
        try answer.check()
        answer.printReport()
    }

    /// Where something is done to a model.
    static func path(ofModel model: String, _ action: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~/")
        return "/admin/models/\(model.addingPercentEncoding(withAllowedCharacters: allowed) ?? model)/\(action)"
    }
}
