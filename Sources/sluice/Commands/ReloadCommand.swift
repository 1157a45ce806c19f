internal import ArgumentParser
internal import Glibc
internal import NIOHTTP1

/// `sluice reload`: has a running gateway read its file again.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Have a running gateway read its gateway.yaml again.",
        discussion: """
            Through the admin listener the answer says what is different now, or why nothing is; ends with 1 then. With \
            --pid the process gets a SIGHUP, and its log says what came of it.
            """)

    @OptionGroup var options: AdminClient.Options

    @Option(help: "Send SIGHUP to this process instead.")
    var pid: Int32?

    func validate() throws {
        if let pid, pid <= 1 { throw ValidationError("--pid takes the number of the gateway's process") }
    }

    func run() async throws {
        if let pid {
            guard kill(pid, SIGHUP) == 0 else {
                throw ValidationError("can't signal process \(pid): \(String(cString: strerror(errno)))")
            }
            print("SIGHUP sent to \(pid); its log says what came of it")
            return
        }
        let answer = try await AdminClient(options).send(.POST, "/admin/reload")
        try answer.check()
        answer.printReport()
    }
}
