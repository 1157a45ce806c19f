internal import ArgumentParser
internal import Codecs
internal import Foundation
internal import NIOHTTP1
internal import Tensors

/// `sluice model learn NAME`
struct TeachModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "learn", abstract: "Have a model learn from inputs and what it should have answered.",
        discussion:
            "Only for models whose plugins learn. What one has learned outlives reloads, swaps and crashes where its "
            + "plugin keeps a state, and the gateway where the file says `state: FILE`.")
    @OptionGroup var options: AdminClient.Options
    @Argument(help: "The model's name in gateway.yaml.") var name: String

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "Inputs: .json, .npy, .csv, .xml or raw octets, NAME=FILE where the model has several; or JSON itself.",
            valueName: "[name=]file|{...}"))
    var input: [String] = []

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "What it should have answered, likewise, by the names of outputs.", valueName: "[name=]file|{...}"))
    var label: [String] = []

    @Option(help: "How much it counts.") var weight: Double?

    @Option(help: ArgumentHelp("The id of the answered request that is corrected.", valueName: "id"))
    var subject: String?

    @Option(
        name: .long, parsing: .singleValue, help: ArgumentHelp("A parameter of the lesson.", valueName: "key=value"))
    var param: [String] = []

    @Option(help: ArgumentHelp("How long it may take.", valueName: "seconds"))
    var timeout: Double?

    func run() async throws {
        let client = try AdminClient(options)
        guard !input.isEmpty else { throw ValidationError("give what to learn from with --input") }
        var members = ["\"inputs\":\(try await values(input, of: "inputs", client))"]
        if !label.isEmpty { members.append("\"labels\":\(try await values(label, of: "outputs", client))") }
        var rest: [String: Any] = [:]
        rest["weight"] = weight
        rest["subject_id"] = subject
        rest["timeout_ms"] = timeout.map { $0 * 1000 }
        if !param.isEmpty { rest["parameters"] = try parameters() }
        for (key, value) in rest.sorted(by: { $0.key < $1.key }) {
            let text = try JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)
            members.append("\"\(key)\":\(String(decoding: text, as: UTF8.self))")
        }
        let body = "{\(members.joined(separator: ","))}"
        let answer = try await client.send(
            .POST, AdminClient.path(ofModel: name, "learn"), body: Array(body.utf8))
        try answer.check()
        report(answer.object)
    }

    private func parameters() throws -> [String: String] {
        var parameters: [String: String] = [:]
        for pair in param {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw ValidationError("--param takes key=value, not \(pair)")
            }
            parameters[String(parts[0])] = String(parts[1])
        }
        return parameters
    }

    /// The values as JSON: as they are given where they are JSON, else read by what the model declares.
    private func values(_ given: [String], of kind: String, _ client: AdminClient) async throws -> String {
        if let only = given.first, given.count == 1 {
            if let first = only.first(where: { !$0.isWhitespace }), "{[".contains(first) { return only }
            let (tensor, path) = InputFiles.split(only)
            if tensor == nil, path.lowercased().hasSuffix(".json") {
                guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                    throw CommandFailure("can't read \(path)")
                }
                return text
            }
        }
        var signature = try await signature(of: kind, client)
        let names = given.compactMap { InputFiles.split($0).name }
        if !names.isEmpty { signature.inputs.removeAll { !names.contains($0.name) } }
        let tensors = try InputFiles(files: given).tensors(for: signature)
        do {
            return String(decoding: try JSONCodec().encodeValues(tensors), as: UTF8.self)
        } catch {
            throw CommandFailure(error.message)
        }
    }

    /// What the model declares of its inputs or outputs, as inputs of a signature that files are read by.
    private func signature(of kind: String, _ client: AdminClient) async throws -> ModelSignature {
        let answer = try await client.send(.GET, "/admin/models")
        try answer.check()
        let models = answer.object["models"] as? [[String: Any]] ?? []
        guard let model = models.first(where: { $0["name"] as? String == name }) else {
            throw CommandFailure("there is no model \"\(name)\"")
        }
        guard let declared = model[kind] as? [[String: Any]] else {
            throw CommandFailure("model \"\(name)\" is down: \(model["reason"] as? String ?? "no reason given")")
        }
        let specs = declared.compactMap { spec -> TensorSpec? in
            guard let name = spec["name"] as? String, let type = spec["datatype"] as? String,
                let dataType = DataType(name: type)
            else { return nil }
            return TensorSpec(
                name: name, dataType: dataType, shape: spec["shape"] as? [Int],
                columns: spec["columns"] as? [String] ?? [])
        }
        let batching: ModelSignature.Batching =
            switch model["batching"] as? String {
            case "concat": .concat
            case "list": .list
            default: .none
            }
        return ModelSignature(inputs: specs, outputs: [], batching: batching)
    }

    private func report(_ answer: [String: Any]) {
        var text = "\(name) learned, after \(answer["milliseconds"] as? Int ?? 0) ms"
        if let bytes = answer["state_bytes"] as? Int { text += "; its state has \(bytes) bytes" }
        print(text)
        let parameters = answer["parameters"] as? [String: Any] ?? [:]
        for (key, value) in parameters.sorted(by: { $0.key < $1.key }) { print("  \(key): \(value)") }
        if let reason = answer["state_error"] as? String {
            FileHandle.standardError.write(Data("its state was not kept: \(reason)\n".utf8))
        }
    }
}
