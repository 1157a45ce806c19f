internal import ArgumentParser
internal import Foundation
internal import LoadGenerator

/// What is sent.
struct BenchRequestOptions: ParsableArguments {
    @Flag(help: "Send and ask for tensors in the binary extension instead of JSON.")
    var binary = false

    @Option(help: ArgumentHelp("Size of an open first dimension.", valueName: "number"))
    var rows = 1

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Shape of one input, e.g. INPUT0=1,16; may be given several times.", valueName: "input=shape"))
    var shape: [String] = []

    @Option(help: ArgumentHelp("Start of the random numbers that become inputs.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Send this file's bytes instead.", valueName: "file"))
    var body: String?

    @Option(help: ArgumentHelp("With --body: what it is.", valueName: "media type"))
    var contentType = "application/json"

    @Option(help: ArgumentHelp("With --body: where it goes, instead of the model's /v2 endpoint.", valueName: "path"))
    var path: String?

    @Option(
        name: .customLong("header"), parsing: .singleValue,
        help: ArgumentHelp("A header, e.g. 'X-Team: blue'; may be given several times.", valueName: "name: value"))
    var headers: [String] = []

    func validate() throws {
        if !(1...10_000_000).contains(rows) { throw ValidationError("--rows takes 1 to 10000000") }
        _ = try shapes()
        _ = try allHeaders()
        if body == nil, path != nil { throw ValidationError("--path needs --body") }
        if body != nil, binary || !shape.isEmpty {
            throw ValidationError("--body is sent as it is: --binary and --shape are for inputs that are made up")
        }
    }

    private func shapes() throws -> [String: [Int]] {
        var shapes: [String: [Int]] = [:]
        for text in shape {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let sizes = parts.count == 2 ? parts[1].split(separator: ",").map { Int($0) ?? -1 } : [-1]
            guard parts.count == 2, !parts[0].isEmpty, sizes.allSatisfy({ $0 >= 0 }) else {
                throw ValidationError("--shape \(text): write e.g. INPUT0=1,16")
            }
            shapes[String(parts[0])] = sizes
        }
        return shapes
    }

    func allHeaders() throws -> [(name: String, value: String)] { try RequestHeaders.all(headers) }

    /// The request, made up from what the server says of the model or read from the file.
    func template(model: String, single: SingleRequest) async throws -> RequestTemplate {
        if let body {
            guard let data = FileManager.default.contents(atPath: body) else {
                throw BenchError("can't read \(body)")
            }
            return RequestTemplate(
                path: path ?? GeneratedInputs.path(model: model), headers: [("Content-Type", contentType)],
                body: Array(data))
        }
        let answer = try await single.get(GeneratedInputs.path(model: model, suffix: ""))
        guard answer.status == 200 else {
            throw BenchError("no metadata of model \"\(model)\": \(answer.status) \(answer.text.prefix(1000))")
        }
        var inputs = GeneratedInputs(try ModelMetadata(json: answer.body))
        inputs.rows = rows
        inputs.shapes = try shapes()
        inputs.seed = seed
        return try inputs.request(binary: binary)
    }
}
