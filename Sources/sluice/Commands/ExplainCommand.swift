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
        let explanation = Explanation(
            Explanation.Request(consumer: consumer, model: model, contentType: contentType),
            in: loaded.configuration, nowSeconds: Int64(WallClock.secondsSince1970))
        switch format {
        case .json: print(explanation.json)
        case .text: print(explanation.text(file: loaded.file.shownPath))
        }
        if explanation.refusal != nil { throw ExitCode(1) }
    }
}
