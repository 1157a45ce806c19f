package import Tensors

/// The Open Inference Protocol's JSON documents, with the binary tensor extension.
package struct OpenInferenceCodec: Sendable {
    /// One output that a request asks for.
    package struct RequestedOutput: Sendable, Equatable {
        package var name: String
        /// Whether its bytes follow the JSON instead of standing in it.
        package var isBinary: Bool

        package init(name: String, isBinary: Bool) {
            self.name = name
            self.isBinary = isBinary
        }
    }

    package struct Request: Sendable {
        /// Echoed only if the client sent one.
        package var id: String?
        package var inputs: [Tensor]
        /// Empty for all.
        package var outputs: [RequestedOutput] = []
        /// The default for outputs that aren't listed or don't say.
        package var binaryOutput = false
        package var parameters: [Envelope.Parameter] = []
        package var sequence: Envelope.Sequence?
        package var priority: UInt32 = 0
        /// The `timeout` parameter; nanoseconds.
        package var timeoutNanoseconds: UInt64?

        package init(inputs: [Tensor]) {
            self.inputs = inputs
        }
    }

    package init() {}

    /// Reads an inference request.
    ///
    /// - Parameter headerLength: `Inference-Header-Content-Length`: where the JSON ends and binary tensors begin; `nil`
    ///   for a body that is all JSON.
    /// - Throws: `malformed_body` or `invalid_input`.
    package func decode(
        _ body: RequestBody, headerLength: Int?, signature: ModelSignature
    ) throws(SluiceError) -> Request {
        fatalError("to be written")
    }

    /// Writes an inference response; `headerLength` is the length of the JSON where binary tensors follow it.
    ///
    /// - Throws: `not_acceptable` where JSON can't carry an output (NaN and infinities, FP16 and BF16 need binary).
    package func encode(
        _ outputs: [Tensor], for request: Request, model: String, version: String, id: String?,
        parameters: [Envelope.Parameter]
    ) throws(SluiceError) -> (body: EncodedBody, headerLength: Int?) {
        fatalError("to be written")
    }
}
