internal import Codecs
internal import Configuration
internal import PluginHost
internal import Routing
internal import Tensors

extension Inference {
    /// Inputs as the model may have them; `nil` where that is as they came.
    ///
    /// - Throws: `invalid_input` where they are beyond its limits, or hold what may not come in.
    func guarded(_ inputs: [Tensor], for model: Route.Model, of route: Route) throws(SluiceError) -> [Tensor]? {
        try gate.check(inputs, model: model.index)
        guard let redaction = gate.redactions[route.index], redaction.looks(at: .inputs) else { return nil }
        return try redaction.applied(to: inputs, .inputs)
    }

    /// What is looked for in what goes out, where anything is.
    var outputRedaction: RouteRedaction? {
        guard let route, let redaction = gate.redactions[route.index], redaction.looks(at: .outputs) else { return nil }
        return redaction
    }

    /// A part as the caller may have it.
    ///
    /// - Throws: `forbidden` where it holds what may not go out.
    func redacted(_ part: InferencePart) throws(SluiceError) -> InferencePart {
        guard let redaction = outputRedaction else { return part }
        var part = part
        if openAIAnswer?.isText == true, part.error == nil {
            part.outputs = try redaction.applied(toPart: part.outputs, isFinal: part.isFinal, windows: &textWindows)
        } else {
            part.outputs = try redaction.applied(to: part.outputs, .outputs)
        }
        return part
    }
}
