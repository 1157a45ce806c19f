internal import ArgumentParser
internal import Configuration
internal import Foundation
internal import NIOHTTP1

/// `sluice route`: where a running gateway's routes send to.
struct RouteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "See where routes send to, and move their canaries.",
        subcommands: [ListRoutesCommand.self, CanaryCommand.self])
}

/// `sluice route list`
struct ListRoutesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Every route with its models.")
    @OptionGroup var options: AdminClient.Options

    func run() async throws {
        let answer = try await AdminClient(options).send(.GET, "/admin/routes")
        try answer.check()
        for route in answer.object["routes"] as? [[String: Any]] ?? [] { print(RouteLine.text(route)) }
    }
}

/// `sluice route canary NAME SHARE`
struct CanaryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canary", abstract: "Move the canary of a route.",
        discussion: """
            The share holds, whatever the schedule in gateway.yaml says, until the next command, a restart, or a reload in \
            which the canary's own settings are others. It holds for this one gateway.
            """)
    @OptionGroup var options: AdminClient.Options
    @Argument(help: "The route's name in gateway.yaml.") var route: String
    @Argument(help: "E.g. 20%, or file for what gateway.yaml says.") var share: String

    func validate() throws {
        guard share == "file" || ShareText.parse(share) != nil else {
            throw ValidationError("\"\(share)\" is no share; write e.g. 20%, or file for what gateway.yaml says")
        }
    }

    func run() async throws {
        guard let name = route.addingPercentEncoding(withAllowedCharacters: .alphanumerics),
            let share = share.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
        else { throw ValidationError("\"\(route)\" can't be a route's name") }
        let answer = try await AdminClient(options).send(.POST, "/admin/routes/\(name)/canary/\(share)")
        try answer.check()
        print(RouteLine.text(answer.object))
    }
}

/// One route as commands print it.
enum RouteLine {
    static func text(_ route: [String: Any]) -> String {
        let name = route["name"] as? String ?? ""
        let models = route["models"] as? [String] ?? []
        guard let canary = route["canary"] as? [String: Any] else {
            return "\(name)  \(models.joined(separator: ", "))"
        }
        let text: (String) -> String = { canary[$0] as? String ?? "" }
        let next = canary["next_at"] == nil ? "" : ", \(text("next_share")) from \(text("next_at")) on"
        return "\(name)  \(models.first ?? ""), \(text("share")) to \(text("model")) by \(text("by"))\(next)"
    }
}
