internal import ArgumentParser
internal import Foundation
internal import LoadGenerator

/// `sluice bench`: puts load on a model of any Open Inference server and says how it bears it.
struct BenchCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a model of any Open Inference server over HTTP.",
        discussion: """
            Without --rate each connection sends as soon as its last answer is there. With --rate requests are due at \
            fixed times, and latency counts from then, whether or not the server kept up. Inputs are made up from the \
            model's metadata, unless --body names a file.

            The value of SLUICE_KEY, if set, is sent as `Authorization: Bearer …`. Ends with 1 if a request failed.
            """)

    @Argument(help: "The server, e.g. http://127.0.0.1:8080.")
    var server: String

    @Argument(help: "The model.")
    var model: String

    @OptionGroup(title: "Load") var load: BenchLoadOptions
    @OptionGroup(title: "Requests") var request: BenchRequestOptions

    @Option(help: "text or json.")
    var format = Format.text

    @Option(help: ArgumentHelp("Write the JSON to a file, too.", valueName: "file"))
    var out: String?

    func run() async throws {
        let address = try ServerAddress(server)
        let single = SingleRequest(address: address, headers: try request.allHeaders())
        var template = try await request.template(model: model, single: single)
        let trial = try await single.post(template)
        guard (200...299).contains(trial.status) else {
            throw BenchError("the server answers \(trial.status): \(trial.text.prefix(1000))")
        }
        template.headers += single.headers

        let run = LoadRun(try load.plan(address: address, template: template))
        let stop = StopSignals()
        let stopping = Task {
            _ = await stop.wait()
            run.stop()
        }
        let bar = ProgressBar(length: load.expectedLength)
        let drawing = Task { await bar?.follow(run) }
        let report = try await run.run()
        drawing.cancel()
        stopping.cancel()
        await drawing.value
        bar?.clear()

        print(format == .json ? report.json : report.text)
        if let out { try report.json.appending("\n").write(toFile: out, atomically: true, encoding: .utf8) }
        if !report.isClean { throw ExitCode(1) }
    }
}
