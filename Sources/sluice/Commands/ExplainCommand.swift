internal import ArgumentParser
internal import Configuration
internal import Gateway
internal import Tensors
internal import Transport

/// `sluice explain`: what would become of a request, and why.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Walk one imaginary request through a gateway.yaml.",
        discussion: "Prints each decision with its line in the file. Ends with 1 where the request is refused.")

    @Argument(help: "The configuration.")
    var file = "gateway.yaml"

    @Option(name: .customLong("as"), help: "The consumer whose key the request carries; none by default.")
    var consumer: String?

    @Option(help: "The model that it names.")
    var model: String?

    @Option(help: "The type of its body.")
    var contentType: String?

    @Option(help: "Its path, e.g. /v1/infer/iris or /v2/models/iris/infer, instead of --model.")
    var path: String?

    @Option(name: .customLong("header"), help: "A header field that it has, e.g. x-tenant=acme; again for more.")
    var headers: [String] = []

    @Option(name: .customLong("claim"), help: "What the caller's token says, e.g. tier=gold; again for more.")
    var claims: [String] = []

    @Option(name: .customLong("input"), help: "An input, e.g. X:FP32:1x4; again for more.")
    var inputs: [String] = []

    @Option(help: "What it wants: infer, metadata, learn, load or admin.")
    var operation = AccessOperation.infer

    @Option(help: "The address that it comes from; 127.0.0.1 by default.")
    var from: String?

    @Option(help: "The listener that it comes in by; the first that serves such requests by default.")
    var listener: String?

    @Option(help: "When it comes: 2027-01-01T08:30:00Z, in UTC; now by default.")
    var at: String?

    @Option(help: "text or json.")
    var format = CheckCommand.Format.text

    func validate() throws {
        if model != nil && path != nil { throw ValidationError("--path names the model already") }
    }

    func run() throws {
        var model = model
        if let path {
            do throws(SluiceError) {
                model = try InferencePath(path).model
            } catch {
                throw ValidationError(error.message)
            }
        }
        let loaded = try ConfigurationFile.load(file)
        if let listener, !loaded.configuration.listeners.contains(where: { $0.name == listener }) {
            throw ValidationError("there is no listener \"\(listener)\"")
        }
        var request = Explanation.Request(consumer: consumer, model: model, contentType: contentType)
        request.path = path.map { String($0.prefix { $0 != "?" }) }
        for (name, value) in try headers.map(Self.pair) { request.fields[name.lowercased()] = value }
        for (name, value) in try claims.map(Self.pair) { request.claims[name] = value }
        if !inputs.isEmpty { request.inputs = try inputs.map(Self.input) }
        request.operation = operation
        request.listener = listener
        if let from {
            guard let address = NetworkAddress(from) else { throw ValidationError("\"\(from)\" is no address") }
            request.address = address
        }
        let explanation = Explanation(request, in: loaded.configuration, nowSeconds: try moment)
        switch format {
        case .json: print(explanation.json)
        case .text: print(explanation.text(file: loaded.file.shownPath))
        }
        if explanation.refusal != nil { throw ExitCode(1) }
    }

    private var moment: Int64 {
        get throws {
            guard let at else { return Int64(WallClock.secondsSince1970) }
            if let seconds = ConsumerConfiguration.Key.seconds(of: at) { return seconds }
            throw ValidationError("\"\(at)\" is no moment: write e.g. 2027-01-01T08:30:00Z")
        }
    }

    private static func pair(_ text: String) throws -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { throw ValidationError("\"\(text)\" is no NAME=VALUE") }
        return (String(parts[0]), String(parts[1]))
    }

    private static func input(_ text: String) throws -> Explanation.Request.Input {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let type = DataType.allCases.first(where: { $0.name == parts[1] }) else {
            throw ValidationError("\"\(text)\" is no NAME:TYPE:SHAPE, e.g. X:FP32:1x4")
        }
        let shape = parts[2].split(separator: "x").map { Int($0) }
        guard shape.allSatisfy({ $0 ?? -1 >= 0 }) else {
            throw ValidationError("\"\(parts[2])\" is no shape, e.g. 1x4")
        }
        return Explanation.Request.Input(name: String(parts[0]), dataType: type, shape: shape.compactMap(\.self))
    }
}

extension AccessOperation: ExpressibleByArgument {}
