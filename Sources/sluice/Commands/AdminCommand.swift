internal import ArgumentParser
internal import Foundation
internal import NIOHTTP1

/// `sluice admin`: the rest of what the admin listener does.
struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Look into a running gateway, drain it, change what it logs.",
        subcommands: [
            StatusCommand.self, ConfigCommand.self, UsageCommand.self, BreakersCommand.self, BreakerCommand.self,
            DrainCommand.self, UndrainCommand.self, LogLevelCommand.self,
        ])
}

/// `sluice admin status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Which revision serves, and how.")
    @OptionGroup var options: AdminClient.Options

    func run() async throws { try await AdminClient(options).show(.GET, "/admin") }
}

/// `sluice admin config`
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "The configuration that holds, defaults written out, secrets left out.")
    @OptionGroup var options: AdminClient.Options

    func run() async throws { try await AdminClient(options).show(.GET, "/admin/config") }
}

/// `sluice admin usage [CONSUMER]`
struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "What is used of quotas: those most used, or all of one consumer.")
    @OptionGroup var options: AdminClient.Options
    @Argument(help: "The consumer's name in gateway.yaml.") var consumer: String?

    func run() async throws {
        let answer = try await AdminClient(options).send(.GET, try path)
        try answer.check()
        for quota in answer.object["usage"] as? [[String: Any]] ?? [] {
            let text: (String) -> String = { quota[$0] as? String ?? "" }
            let (used, limit) = (quota["used"] as? Double ?? 0, quota["limit"] as? Double ?? 0)
            let whose = "\(text("scope")) \(text("name"))".trimmingCharacters(in: .whitespaces)
            let note = text("mode") == "shadow" ? ", measured only" : ""
            print(
                "\(whose)  \(text("quota")): \(used.formatted()) of \(limit.formatted()) used, whole in "
                    + "\(quota["whole_in_seconds"] as? Int ?? 0) s  (\(text("of"))\(note), \(text("store")))")
        }
        if let more = answer.object["more"] as? Int, more > 0 { print("and \(more) more") }
    }

    private var path: String {
        get throws {
            guard let consumer else { return "/admin/usage" }
            guard let name = consumer.addingPercentEncoding(withAllowedCharacters: .alphanumerics) else {
                throw ValidationError("\"\(consumer)\" can't be a consumer's name")
            }
            return "/admin/usage/\(name)"
        }
    }
}

/// `sluice admin breakers`
struct BreakersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "breakers", abstract: "How the breakers of models stand.")
    @OptionGroup var options: AdminClient.Options

    func run() async throws { try await AdminClient(options).show(.GET, "/admin/breakers") }
}

/// `sluice admin breaker open|close MODEL`
struct BreakerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "breaker", abstract: "Open the breaker of a model, or close it.",
        discussion: "One that was opened so stays open until it is closed so.")
    @OptionGroup var options: AdminClient.Options
    @Argument(help: "open or close.") var action: Action
    @Argument(help: "The model's name in gateway.yaml.") var model: String

    enum Action: String, ExpressibleByArgument {
        case open
        case close
    }

    func run() async throws {
        guard let name = model.addingPercentEncoding(withAllowedCharacters: .alphanumerics) else {
            throw ValidationError("\"\(model)\" can't be a model's name")
        }
        try await AdminClient(options).show(.POST, "/admin/breakers/\(name)/\(action.rawValue)")
    }
}

/// `sluice admin drain`
struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Let health say \"not ready\", so that load balancers send requests elsewhere.",
        discussion: "Requests that come all the same are answered.")
    @OptionGroup var options: AdminClient.Options

    func run() async throws { try await AdminClient(options).show(.POST, "/admin/drain") }
}

/// `sluice admin undrain`
struct UndrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "undrain", abstract: "Take back `drain`.")
    @OptionGroup var options: AdminClient.Options

    func run() async throws { try await AdminClient(options).show(.POST, "/admin/undrain") }
}

/// `sluice admin log-level LEVEL`
struct LogLevelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level", abstract: "Change the least that is logged, until the file says otherwise.")
    @OptionGroup var options: AdminClient.Options
    @Argument(help: "debug, info, warning or error.") var level: String

    func run() async throws { try await AdminClient(options).show(.POST, "/admin/log-level/\(level)") }
}

extension AdminClient {
    fileprivate func show(_ method: HTTPMethod, _ path: String) async throws {
        let answer = try await send(method, path)
        try answer.check()
        let pretty = answer.document.flatMap {
            try? JSONSerialization.data(
                withJSONObject: $0, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        }
        print(String(decoding: pretty ?? Data(answer.body), as: UTF8.self))
    }
}
