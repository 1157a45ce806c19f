internal import ArgumentParser
internal import Glibc

/// `sluice serve`: loads everything that the file names and serves until SIGTERM or SIGINT.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the models of a gateway.yaml.",
        discussion: "Ends on SIGTERM or SIGINT: running requests finish first, for as long as the file's `drain` says.")

    @Argument(help: "The configuration.")
    var file = "gateway.yaml"

    @Option(help: "Event loop threads; the number of processors by default.")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads takes 1 to 1024") }
    }

    func run() async throws {
        let loaded = try ConfigurationFile.load(file)
        try await GatewayProcess(loaded, threads: threads).run()
    }
}
