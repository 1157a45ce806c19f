internal import ArgumentParser
internal import Codecs
internal import Configuration
internal import Dispatch
internal import Foundation
internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Tensors

/// `sluice plugin run`: one request to a plugin, without a gateway.
struct PluginRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Load a model, send it one request, and print the answer.",
        discussion: "The plugin runs in this process. Its log goes to the standard error; the parts of a stream are "
            + "printed one JSON line each.")

    @OptionGroup
    var plugin: PluginArguments

    @Option(
        help: ArgumentHelp("Where the answer goes: .npy, .csv, .json or .xml; else JSON is printed.", valueName: "file")
    )
    var output: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Ask for this output only; .npy carries one.", valueName: "name"))
    var want: [String] = []

    @Option(help: ArgumentHelp("How long the answer may take.", valueName: "seconds"))
    var timeout = 60.0

    func run() throws {
        let (settings, folder) = try plugin.settings()
        let model: InProcessModel
        do {
            let library = try PluginLibrary.open(path: try plugin.path(), services: .watched)
            let block = settings ?? .mapping([])
            model = try InProcessModel(
                library,
                arguments: InProcessModel.Arguments(
                    model: "run", version: "1", folder: folder, configJSON: block.json, options: block.options),
                services: .watched)
            try model.warmUp()
        } catch let error as PluginLoadError {
            throw CommandFailure(error.message)
        }
        let signature = model.description.signature
        guard !plugin.input.isEmpty else {
            throw ValidationError("give an input with --input; the model has \(signature.text)")
        }
        for name in want where signature.output(named: name) == nil {
            throw ValidationError("the model has no output \"\(name)\"; it has \(signature.text)")
        }
        let envelope = Envelope(
            id: "run-1", parameters: try plugin.parameters(),
            inputs: try plugin.inputReader.tensors(for: signature), wantedOutputs: want)
        let parts = try parts(of: model, to: envelope)
        try write(parts, specs: signature.outputs)
        // The answer may still hold the plugin's memory, and the process ends anyway: nothing is unloaded.
    }

    private func parts(of model: InProcessModel, to envelope: Envelope) throws -> [InferencePart] {
        let collected = NIOLockedValueBox<[InferencePart]>([])
        let done = DispatchSemaphore(value: 0)
        model.infer(
            InferenceCall(envelope: envelope) { part in
                collected.withLockedValue { $0.append(part) }
                if part.isFinal { done.signal() }
                return true
            })
        guard done.wait(timeout: .now() + timeout) == .success else {
            throw CommandFailure("no answer within \(timeout) s")
        }
        let parts = collected.withLockedValue { $0 }
        if let error = parts.last?.error {
            throw CommandFailure("\(error.code.text): \(error.message)")
        }
        return parts
    }

    private func write(_ parts: [InferencePart], specs: [TensorSpec]) throws {
        let format = try format()
        var bytes: [UInt8] = []
        for part in parts where parts.count == 1 || !part.outputs.isEmpty {
            var facts = CodecRegistry.AnswerFacts(model: "run", version: "1", id: "run-1")
            facts.parameters = part.parameters
            facts.outputs = specs
            do {
                let outputs = want.isEmpty ? part.outputs : part.outputs.filter { want.contains($0.name) }
                let body = try CodecRegistry().encode(
                    outputs, as: parts.count == 1 ? format : .ndjson, facts: facts)
                for segment in body.segments {
                    switch segment {
                    case .bytes(let text): bytes.append(contentsOf: text)
                    case .tensor(let tensor): tensor.withBytes { bytes.append(contentsOf: $0) }
                    }
                }
            } catch {
                throw CommandFailure(
                    "\(error.message)" + (specs.count > 1 && want.count != 1 ? "; choose one output with --want" : ""))
            }
        }
        guard let output else {
            if bytes.last != 0x0A { bytes.append(0x0A) }
            FileHandle.standardOutput.write(Data(bytes))
            return
        }
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: output))
        } catch {
            throw CommandFailure("can't write \(output): \((error as NSError).localizedDescription)")
        }
    }

    private func format() throws -> AnswerFormat {
        guard let output else { return .json }
        switch URL(fileURLWithPath: output).pathExtension.lowercased() {
        case "npy": return .npy
        case "csv": return .csv
        case "json": return .json
        case "xml": return .xml
        default: throw ValidationError("--output takes a name that ends in .npy, .csv, .json or .xml")
        }
    }
}

extension ModelSignature {
    /// E.g. `inputs: X FP32[-1,4]; outputs: label BYTES[-1]`.
    var text: String {
        "inputs: \(inputs.map { "\($0.name) \($0.text)" }.joined(separator: ", ")); "
            + "outputs: \(outputs.map { "\($0.name) \($0.text)" }.joined(separator: ", "))"
    }
}
