package import Tensors

/// The formats that the unified endpoint reads and writes, found by media type.
package struct CodecRegistry: Sendable {
    /// What a request says of its body besides the bytes.
    package struct RequestFacts: Sendable {
        /// The `Content-Type` header as sent; `nil` where there was none, and then the format is sniffed.
        package var contentType: String?
        /// `Sluice-Input`: which input a raw or npy body is; needed only where the model has several.
        package var input: String?
        /// `Sluice-Shape`: dimensions of a raw body, e.g. `1,512`.
        package var shape: String?
        /// `Sluice-Datatype`: data type of a raw body, e.g. `FP32`.
        package var datatype: String?

        package init(contentType: String?, input: String? = nil, shape: String? = nil, datatype: String? = nil) {
            self.contentType = contentType
            self.input = input
            self.shape = shape
            self.datatype = datatype
        }
    }

    /// The model's inputs and whatever else the document said.
    package struct Decoded: Sendable {
        package var inputs: [Tensor]
        package var wantedOutputs: [String] = []
        package var parameters: [Envelope.Parameter] = []
        /// The client's own request id, where the document carries one.
        package var id: String?

        package init(inputs: [Tensor]) {
            self.inputs = inputs
        }
    }

    /// What an answer says besides its tensors.
    package struct AnswerFacts: Sendable {
        package var model: String
        package var version: String
        package var id: String
        package var parameters: [Envelope.Parameter] = []

        package init(model: String, version: String, id: String) {
            self.model = model
            self.version = version
            self.id = id
        }
    }

    package init() {}

    /// Reads a body as the model's declared inputs.
    ///
    /// The tensors are validated against `signature`.
    /// - Throws: `unsupported_media_type`, `malformed_body` or `invalid_input`, saying which input, row and column.
    package func decode(
        _ body: RequestBody, facts: RequestFacts, signature: ModelSignature
    ) throws(SluiceError) -> Decoded {
        fatalError("to be written")
    }

    /// Picks the answer's format by the `Accept` header (RFC 9110, q-values and wildcards); JSON where there is none.
    ///
    /// - Throws: `not_acceptable`, listing what is offered.
    package func negotiate(accept: String?) throws(SluiceError) -> AnswerFormat {
        fatalError("to be written")
    }

    /// Writes the outputs.
    ///
    /// - Throws: `not_acceptable` where the format can't carry these outputs (npy carries one array).
    package func encode(
        _ outputs: [Tensor], as format: AnswerFormat, facts: AnswerFacts
    ) throws(SluiceError) -> EncodedBody {
        fatalError("to be written")
    }

    /// A request body that the model would accept, for documentation; `nil` where the format can't carry its inputs.
    package func sample(for signature: ModelSignature, mediaType: String) -> EncodedBody? {
        fatalError("to be written")
    }

    /// Media types that are read, and those that are written.
    package static let requestMediaTypes = [
        "application/json", "text/csv", "application/xml", "application/octet-stream", "application/x-npy",
    ]
}

/// A format that answers can be written in.
package enum AnswerFormat: Sendable, CaseIterable {
    case json
    case csv
    case xml
    case npy
    /// One JSON document a line, one line for each part of a stream.
    case ndjson

    /// The media type that the answer is labelled with.
    package var mediaType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv"
        case .xml: "application/xml"
        case .npy: "application/x-npy"
        case .ndjson: "application/x-ndjson"
        }
    }
}
