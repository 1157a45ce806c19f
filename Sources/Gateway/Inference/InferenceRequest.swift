package import Codecs
package import Tensors

/// All that the gate needs to know of a request before its body, whatever protocol it came in.
package struct InferenceRequest: Sendable {
    /// How the body is to be read and the answer written.
    package enum Format: Sendable {
        /// The unified endpoint: any registered format in, any out.
        case unified(CodecRegistry.RequestFacts, accept: String?, wantedOutputs: [String])
        /// The Open Inference Protocol over HTTP; `headerLength` is `Inference-Header-Content-Length`.
        case openInference(headerLength: Int?)
        /// Triton's generate extension: JSON by name; `streams` for an answer in server-sent events.
        case generate(streams: Bool)
        /// The Open Inference Protocol over gRPC; `streams` where the client takes an answer in parts.
        case openInferenceMessage(streams: Bool)
    }

    /// Unique; in the answer, the log, and handed to the plugin.
    package var id: String
    /// The public model name; `nil` where the request names none.
    package var model: String?
    /// The version asked for, where the request names one.
    package var version: String?
    package var format: Format
    /// Media type of the body as sent.
    package var contentType: String?
    /// The API key as sent; never logged.
    package var key: String?
    /// The W3C trace context, handed on to the plugin.
    package var traceparent: String?
    package var receivedAt: MonotonicTime
    /// When the client stops waiting, where its protocol says so.
    package var deadline: MonotonicTime?

    package init(
        id: String, model: String?, version: String?, format: Format, contentType: String?, key: String?,
        traceparent: String?, receivedAt: MonotonicTime, deadline: MonotonicTime? = nil
    ) {
        self.id = id
        self.model = model
        self.version = version
        self.format = format
        self.contentType = contentType
        self.key = key
        self.traceparent = traceparent
        self.receivedAt = receivedAt
        self.deadline = deadline
    }
}
