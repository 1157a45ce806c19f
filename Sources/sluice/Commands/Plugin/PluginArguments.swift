internal import ArgumentParser
internal import Codecs
internal import Configuration
internal import Conformance
internal import Foundation
internal import PluginHost
internal import Tensors

/// What commands that run a plugin are told of it.
struct PluginArguments: ParsableArguments {
    @Argument(help: "The shared object, or the name of an installed plugin.")
    var plugin: String

    @Option(
        help: ArgumentHelp(
            "The model's settings: a file in YAML or JSON that holds its `config:` block, or the block itself in {}.",
            valueName: "file|{...}"))
    var config: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "Inputs: .npy, .csv, .json, .xml or raw octets; NAME=FILE.npy where the model has several.",
            valueName: "[name=]file"))
    var input: [String] = []

    @Option(
        name: .long, parsing: .singleValue, help: ArgumentHelp("A parameter of the requests.", valueName: "key=value"))
    var param: [String] = []

    /// The absolute path of the shared object.
    func path() throws -> String {
        let manager = FileManager.default
        if !plugin.contains("/"), !manager.fileExists(atPath: plugin) {
            let finder = ConfigurationFile.pluginFinder
            if let found = finder.path(ofPluginNamed: plugin) { return found }
            throw CommandFailure(
                "there is no file \(plugin), and no plugin of that name in \(finder.folders.joined(separator: ", "))")
        }
        guard manager.fileExists(atPath: plugin) else { throw CommandFailure("there is no file \(plugin)") }
        return URL(fileURLWithPath: plugin).standardizedFileURL.path
    }

    /// The settings, and the absolute folder from which paths in them start.
    func settings() throws -> (value: ConfigurationValue?, folder: String) {
        let here = FileManager.default.currentDirectoryPath
        guard let config else { return (nil, here) }
        let isBlock = config.drop { $0.isWhitespace }.first == "{"
        let file = isBlock ? nil : try ConfigurationFile.read(config)
        let folder = file?.folder ?? here
        let text = file?.text ?? config
        let outcome = PluginSettings.read(text, context: ConfigurationFile.context(folder: folder))
        for diagnostic in outcome.diagnostics {
            FileHandle.standardError.write(
                Data((diagnostic.rendered(file: file?.shownPath ?? "--config", source: text) + "\n").utf8))
        }
        guard let value = outcome.value else { throw ExitCode(1) }
        return (value, folder)
    }

    func parameters() throws -> [Envelope.Parameter] {
        try param.map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw ValidationError("--param takes key=value, not \(pair)")
            }
            return Envelope.Parameter(String(parts[0]), .string(String(parts[1])))
        }
    }

    /// Reads the inputs by a model's declaration.
    var inputReader: InputFiles { InputFiles(files: input) }
}

/// Files that hold a model's inputs, in any format that the gateway reads.
struct InputFiles: Sendable {
    var files: [String]

    /// One file, as a codec's body.
    func body() throws -> Subject.Body? {
        guard let file = files.first, files.count == 1 else { return nil }
        let (_, path) = Self.split(file)
        return Subject.Body(bytes: try Self.bytes(of: path), mediaType: Self.mediaType(of: path) ?? "")
    }

    func tensors(for signature: ModelSignature) throws -> [Tensor] {
        if let file = files.first, files.count == 1 {
            let (name, path) = Self.split(file)
            return try Self.decode(path, input: name, signature: signature)
        }
        var tensors: [Tensor] = []
        for file in files {
            let (name, path) = Self.split(file)
            guard let name, let spec = signature.input(named: name) else {
                let known = signature.inputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
                throw ValidationError("--input \(file): several files take NAME=FILE, and the model has \(known)")
            }
            var only = signature
            only.inputs = [spec]
            tensors += try Self.decode(path, input: nil, signature: only)
        }
        do {
            try signature.validate(tensors)
        } catch {
            throw CommandFailure(error.message)
        }
        return tensors
    }

    private static func decode(_ path: String, input: String?, signature: ModelSignature) throws -> [Tensor] {
        let body = RequestBody(try bytes(of: path).withUnsafeBytes { TensorStorage.copy(of: $0) })
        do {
            return try CodecRegistry().decode(
                body, facts: CodecRegistry.RequestFacts(contentType: mediaType(of: path), input: input),
                signature: signature
            ).inputs
        } catch {
            throw CommandFailure("\(path): \(error.message)")
        }
    }

    /// A file, and the tensor that it is for where that is said.
    static func split(_ file: String) -> (name: String?, path: String) {
        // A path that exists may have a "=" in it.
        guard !FileManager.default.fileExists(atPath: file), let sign = file.firstIndex(of: "=") else {
            return (nil, file)
        }
        return (String(file[..<sign]), String(file[file.index(after: sign)...]))
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw CommandFailure("can't read \(path): \((error as NSError).localizedDescription)")
        }
    }

    private static func mediaType(of path: String) -> String? {
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "npy": "application/x-npy"
        case "csv": "text/csv"
        case "json": "application/json"
        case "xml": "application/xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "wav": "audio/wav"
        case "txt": "text/plain"
        case "bin", "raw": "application/octet-stream"
        default: nil
        }
    }
}
