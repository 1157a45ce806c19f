package import Codecs
package import Policies
package import Routing

/// What a request asks for, as far as its head says, whatever protocol it came in: the same for every request with the
/// same head, which may share it.
package final class InferenceRequest: Sendable {
    /// How the body is to be read and the answer written.
    package enum Format: Sendable {
        /// The unified endpoint: any registered format in, any out.
        case unified(CodecRegistry.RequestFacts, accept: String?, wantedOutputs: [String])
        /// The Open Inference Protocol over HTTP; `headerLength` is `Inference-Header-Content-Length`.
        case openInference(headerLength: Int?)
        /// Triton's generate extension: JSON by name; `streams` for an answer in server-sent events.
        case generate(streams: Bool)
        /// OpenAI's dialect: the request is read already, for its body says which model it is for.
        case openAI(OpenAIRequest)
        /// The Open Inference Protocol over gRPC; `streams` where the client takes an answer in parts.
        case openInferenceMessage(streams: Bool)
    }

    /// The public model name; `nil` where the request names none.
    package let model: String?
    /// The version asked for, where the request names one.
    package let version: String?
    package let format: Format
    /// Media type of the body as sent.
    package let contentType: String?
    /// What kind of picture, film or sound the body is, in lower case, e.g. `image/png`; `nil` where it is none,
    /// or comes in a protocol that has tensors only.
    package let mediaType: String?
    /// What routes look at.
    package let routing: RouteRequest
    /// Who asks, as far as policies need it.
    package let credentials: Credentials
    /// The W3C trace context, handed on to the plugin.
    package let traceparent: String?
    /// How many of the best scores are wanted in place of all; `nil` for all.
    package let top: Int?

    /// - Parameters:
    ///   - path: the request's path without its query, decoded; for gRPC its method.
    ///   - fields: the header fields that routes look at, by their names in lower case.
    package init(
        model: String?, version: String?, format: Format, contentType: String?, path: String = "",
        fields: [String: String] = [:], credentials: Credentials, traceparent: String?, top: Int? = nil
    ) {
        self.top = top
        self.routing = RouteRequest(model: model, contentType: contentType, path: path, fields: fields)
        if case .unified = format {
            mediaType = contentType.flatMap(Self.mediaType)
        } else {
            mediaType = nil
        }
        self.model = model
        self.version = version
        self.format = format
        self.contentType = contentType
        self.credentials = credentials
        self.traceparent = traceparent
    }

    private static func mediaType(of contentType: String) -> String? {
        let essence = contentType.prefix { $0 != ";" }.lowercased()
        let isMedia = ["image/", "audio/", "video/"].contains { essence.hasPrefix($0) }
        return isMedia ? String(essence.filter { $0 != " " && $0 != "\t" }) : nil
    }
}
