internal import ArgumentParser
internal import Codecs
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// `sluice infer`: asks a model of a running gateway about a file.
struct InferCommand: AsyncParsableCommand {
    enum Errors: String, ExpressibleByArgument, CaseIterable {
        case fail
        case skip
    }

    static let configuration = CommandConfiguration(
        commandName: "infer",
        abstract: "Ask a model about a file: every row of a table, or one picture, sound or document.",
        discussion: """
            CSV, tables with tabs and NDJSON may have any number of rows: they are sent and answered in batches, in \
            order, and neither is ever held as a whole. Any other file is one request. What a file is, its name tells, \
            or --type.

                sluice infer --model iris flowers.csv > answers.csv
                sluice infer --model iris flowers.csv --out answers.csv --resume

            The value of SLUICE_KEY, if set, is sent as `Authorization: Bearer …`. Ends with 0 where every row was \
            answered, with 2 where all were but some got errors (--errors skip), and with 1 where the answer isn't whole.
            """)

    @Argument(help: "The file; - is the standard input.")
    var file: String = "-"

    @Option(name: .shortAndLong, help: "The model.")
    var model: String

    @Option(help: ArgumentHelp("The gateway; else what SLUICE_URL says, else http://127.0.0.1:8080.", valueName: "url"))
    var url: String?

    @Option(help: ArgumentHelp("What the file is: csv, ndjson, json, npy, … or a media type.", valueName: "type"))
    var type: String?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "What the answer shall be: csv, tsv or ndjson; of one request also json, xml or npy.", valueName: "type"))
    var answerType: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Write the answer there.", valueName: "file"))
    var out: String?

    @Flag(help: "Go on behind the rows that --out holds already.")
    var resume = false

    @Option(help: ArgumentHelp("Rows of one batch, at most.", valueName: "number"))
    var batch: Int?

    @Option(help: "What becomes of a wrong row: fail ends there, skip answers it with an error.")
    var errors = Errors.fail

    @Option(help: ArgumentHelp("Rows to pass over.", valueName: "number"))
    var offset = 0

    @Option(help: ArgumentHelp("Only these outputs.", valueName: "names"))
    var outputs: String?

    @Option(
        name: .customLong("header"), parsing: .singleValue,
        help: ArgumentHelp("A header, e.g. 'X-Team: blue'; may be given several times.", valueName: "name: value"))
    var headers: [String] = []

    @Option(help: ArgumentHelp("Certificates to trust instead of the system's, for https.", valueName: "pem file"))
    var ca: String?

    func validate() throws {
        if let batch, !(1...65_536).contains(batch) { throw ValidationError("--batch takes 1 to 65536") }
        if offset < 0 { throw ValidationError("--offset takes 0 or more") }
        if resume, out == nil { throw ValidationError("--resume needs --out: the file whose rows are there already") }
        if resume, offset > 0 { throw ValidationError("--resume finds out the offset itself: leave out --offset") }
        _ = try RequestHeaders.all(headers)
    }

    func run() async throws {
        let server = try InferServer(
            url ?? ProcessInfo.processInfo.environment["SLUICE_URL"] ?? "http://127.0.0.1:8080")
        let mediaType = try InferType.mediaType(of: file, said: type)
        let input = try InferInput(file)
        let run = InferRun(
            client: InferClient(server: server, authorities: ca), input: input, mediaType: mediaType,
            accept: try accept(mediaType), headers: try RequestHeaders.all(headers))
        if InferType.hasRows(mediaType) {
            try await runBatches(run, mediaType: mediaType, prefix: server.prefix)
        } else {
            if resume || offset > 0 || batch != nil || errors == .skip {
                throw ValidationError("\(file) is one request: --batch, --errors, --offset and --resume are for rows")
            }
            let output = try InferAnswerFile(out)
            try await run.once(path: server.prefix + path("/v1/infer/", query: []), into: output)
        }
    }

    private func runBatches(_ run: InferRun, mediaType: String?, prefix: String) async throws {
        var offset = offset
        let showsFaults = errors == .skip
        let output: InferAnswerFile
        if resume, let out {
            guard let format = answerFormat(mediaType) else {
                throw ValidationError("--resume has to know what the rows are: say so by --type or --as")
            }
            output = try InferAnswerFile(goingOnWith: out, format, showsFaults: showsFaults)
            offset = output.kept.rows
        } else {
            output = try InferAnswerFile(out)
        }
        var query: [(String, String)] = []
        if let batch { query.append(("batch", String(batch))) }
        if showsFaults { query.append(("errors", "skip")) }
        if offset > 0 { query.append(("offset", String(offset))) }
        let path = prefix + path("/v1/batch/", query: query)
        let progress = InferProgress()
        let drawing = InferProgress.isShown ? Task { await progress.follow(length: run.input.length) } : nil
        let outcome: InferRun.Outcome
        do {
            outcome = try await run.batches(
                path: path, hasHeader: offset == 0, showsFaults: showsFaults, into: output, progress: progress)
            drawing?.cancel()
            await drawing?.value
        } catch {
            drawing?.cancel()
            await drawing?.value
            let told = progress.rows.value == 0 ? "" : "; \(offset + progress.rows.value) rows are answered"
            let advice = out == nil || told.isEmpty ? "" : ": go on with --resume"
            throw CommandFailure("\(error)\(told)\(advice)")
        }
        if outcome.failed > 0 {
            FileHandle.standardError.write(Data("\(outcome.failed) of \(outcome.rows) rows got errors\n".utf8))
            throw ExitCode(2)
        }
    }

    // MARK: The request

    private func path(_ base: String, query: [(String, String)]) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        let escape = { (text: String) in text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text }
        var query = query
        if let outputs { query.append(("outputs", outputs)) }
        let name = model.split(separator: "/", omittingEmptySubsequences: false).map { escape(String($0)) }
        let pairs = query.map { "\($0.0)=\(escape($0.1))" }
        return base + name.joined(separator: "/") + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
    }

    private func accept(_ mediaType: String?) throws -> String? {
        guard let answerType else { return nil }
        return try InferType.mediaType(of: "-", said: answerType)
    }

    /// The format of the answer's rows; `nil` where only the gateway finds out.
    private func answerFormat(_ mediaType: String?) -> RowFormat? {
        guard let type = (try? accept(mediaType)) ?? mediaType else { return nil }
        return (try? RowFormat.named(type)).flatMap { try? RowFormat.answer(accept: nil, to: $0) } ?? .csv(CSVDialect())
    }
}
