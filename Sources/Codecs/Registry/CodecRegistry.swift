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
        /// The most bytes that a body which is compressed inside itself may become.
        package var maximumBytes: Int

        package init(
            contentType: String?, input: String? = nil, shape: String? = nil, datatype: String? = nil,
            maximumBytes: Int = 64 << 20
        ) {
            self.maximumBytes = maximumBytes
            self.contentType = contentType
            self.input = input
            self.shape = shape
            self.datatype = datatype
        }
    }

    /// The model's inputs and whatever else the document said.
    package struct Decoded: Sendable {
        package var inputs: [Tensor]
        /// Inputs that something else makes tensors of.
        package var files: [FileInput] = []
        package var wantedOutputs: [String] = []
        package var parameters: [Envelope.Parameter] = []
        /// Outputs of which only so many of the best scores are wanted.
        package var topScores: [String: Int] = [:]
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
        /// The declared outputs, whose columns name those of a CSV answer.
        package var outputs: [TensorSpec] = []

        package init(model: String, version: String, id: String) {
            self.model = model
            self.version = version
            self.id = id
        }
    }

    package init() {}

    /// Reads a body as the model's declared inputs.
    ///
    /// The tensors are validated against `signature`; what comes as files isn't among them.
    /// - Parameters:
    ///   - more: media types that are read elsewhere; for messages.
    ///   - fileInputs: names of the inputs that may come as files.
    /// - Throws: `unsupported_media_type`, `malformed_request` for a header that can't be read, `malformed_body` or
    ///   `invalid_input`, saying which input, row and column.
    package func decode(
        _ body: RequestBody, facts: RequestFacts, signature: ModelSignature, alsoRead more: [String] = [],
        fileInputs: [String] = []
    ) throws(SluiceError) -> Decoded {
        let named = try RequestFormat(contentType: facts.contentType, alsoRead: more)
        guard body.count > 0 else { throw SluiceError(.malformedBody, "the body is empty") }
        let format = named ?? RequestFormat(sniffing: body.bytes, signature: signature)
        let decoded = try decode(body, as: format, facts: facts, signature: signature, fileInputs: fileInputs)
        try signature.leavingOut(decoded.files).validate(decoded.inputs)
        return decoded
    }

    private func decode(
        _ body: RequestBody, as format: RequestFormat, facts: RequestFacts, signature: ModelSignature,
        fileInputs: [String]
    ) throws(SluiceError) -> Decoded {
        switch format {
        case .json: return try JSONCodec().decode(body, signature: signature, fileInputs: fileInputs)
        case .csv(let dialect): return Decoded(inputs: try CSVCodec.decode(body, dialect, signature: signature))
        case .xml: return Decoded(inputs: try XMLCodec.decode(body, signature: signature))
        case .raw:
            let tensor = try RawCodec.decode(
                body, input: facts.input, shape: facts.shape, dataType: facts.datatype, signature: signature)
            return Decoded(inputs: [tensor])
        case .npy: return Decoded(inputs: [try NumpyCodec.decode(body, input: facts.input, signature: signature)])
        case .npz:
            return Decoded(
                inputs: try NumpyArchive.decode(body, limit: facts.maximumBytes, signature: signature))
        case .tensorProto:
            return Decoded(inputs: [try TensorProtoCodec.decode(body, input: facts.input, signature: signature)])
        case .arrow(let nullsAreNaN):
            return Decoded(inputs: try ArrowCodec.decode(body, nullsAreNaN: nullsAreNaN, signature: signature))
        case .safetensors: return Decoded(inputs: try SafetensorsCodec.decode(body, signature: signature))
        case .multipart(let boundary):
            return try MultipartCodec(registry: self, facts: facts, signature: signature, fileInputs: fileInputs)
                .decode(body, boundary: boundary)
        }
    }

    /// Picks the answer's format by the `Accept` header (RFC 9110, q-values and wildcards); JSON where there is none.
    ///
    /// - Throws: `not_acceptable`, listing what is offered; `malformed_request` for a header that can't be read.
    package func negotiate(accept: String?) throws(SluiceError) -> AnswerFormat {
        try negotiate(accept: accept, media: []).format
    }

    /// The same where answers may be pictures or sounds, too.
    ///
    /// - Parameter media: the types of those, by the names by which clients ask for them.
    /// - Returns: `media` where the answer is to be one of them, whatever `format` is.
    package func negotiate(
        accept: String?, media: @autoclosure () -> [String]
    ) throws(SluiceError) -> (format: AnswerFormat, media: String?) {
        // What nearly every client sends needs no parsing.
        guard let accept, accept != "*/*", accept != "application/json" else { return (.json, nil) }
        let header = try AcceptHeader(accept)
        if header.ranges.isEmpty { return (.json, nil) }
        let types = media()
        let formats = AnswerFormat.allCases
        let names = types.map { type -> [(type: String, subtype: String)] in
            let parts = type.split(separator: "/")
            return parts.count == 2 ? [(String(parts[0]), String(parts[1]))] : []
        }
        if let index = header.bestIndex(among: formats.map(\.acceptedNames) + names) {
            return index < formats.count ? (formats[index], nil) : (.json, types[index - formats.count])
        }
        let offered = formats.map(\.mediaType) + types
        let reason =
            header.takesMedia && types.isEmpty
            ? "; no output of the model is declared to be a picture or a sound" : ""
        throw SluiceError(
            .notAcceptable,
            "Accept \(Quote.text(accept)) takes none of the formats offered: \(offered.joined(separator: ", "))\(reason)",
            detail: [.init("offered", offered)])
    }

    /// Writes the outputs.
    ///
    /// - Throws: `not_acceptable` where the format can't carry these outputs (npy carries one array).
    package func encode(
        _ outputs: [Tensor], as format: AnswerFormat, facts: AnswerFacts
    ) throws(SluiceError) -> EncodedBody {
        switch format {
        case .json: try JSONCodec().encode(outputs, facts: facts)
        case .ndjson: try JSONCodec().encodeLine(outputs, facts: facts)
        case .eventStream: EncodedBody(event: try JSONCodec().encodeLine(outputs, facts: facts))
        case .csv, .tsv: try CSVCodec.encode(outputs, specs: facts.outputs, as: format)
        case .xml: XMLCodec.encode(outputs, facts: facts)
        case .npy: try NumpyCodec.encode(outputs)
        case .npz: try NumpyArchive.encode(outputs)
        case .safetensors: try SafetensorsCodec.encode(outputs, facts: facts)
        case .protobuf: try TensorProtoCodec.encode(outputs)
        case .arrow: try ArrowCodec.encode(outputs, facts: facts)
        }
    }

    /// A request body that the model would accept, for documentation; `nil` where the format can't carry its inputs.
    package func sample(for signature: ModelSignature, mediaType: String) -> EncodedBody? {
        switch mediaType {
        case "application/json": return JSONCodec().sample(for: signature)
        case "text/csv": return SampleInputs(signature, maximumElements: 64)?.csv
        case "text/tab-separated-values": return SampleInputs(signature, maximumElements: 64)?.tsv
        case "application/xml": return SampleInputs(signature, maximumElements: 64)?.xml
        case "application/octet-stream": return SampleInputs(signature, maximumElements: 1 << 20)?.raw
        case "application/x-npy": return SampleInputs(signature, maximumElements: 1 << 20)?.npy
        case "application/x-npz": return SampleInputs(signature, maximumElements: 1 << 20)?.npz
        case "application/x-safetensors": return SampleInputs(signature, maximumElements: 1 << 20)?.safetensors
        case "application/vnd.apache.arrow.stream": return SampleInputs(signature, maximumElements: 1 << 20)?.arrow
        case "application/x-protobuf": return SampleInputs(signature, maximumElements: 1 << 20)?.tensorProto
        default: return nil
        }
    }

    /// Media types that are read; `docs/formats.md` lists their other names.
    package static let requestMediaTypes = [
        "application/json", "text/csv", "text/tab-separated-values", "application/xml", "application/octet-stream",
        "application/x-npy",
        "application/x-npz", "application/x-safetensors", "application/x-protobuf",
        "application/vnd.apache.arrow.stream", "multipart/form-data",
    ]
}

/// A format that answers can be written in.
package enum AnswerFormat: Sendable, CaseIterable {
    case json
    case csv
    /// The same with tabs between cells.
    case tsv
    case xml
    case npy
    case npz
    case safetensors
    /// ONNX's `TensorProto`.
    case protobuf
    case arrow
    /// One JSON document a line, one line for each part of a stream.
    case ndjson
    /// Server-sent events, one JSON document an event, one event for each part of a stream.
    case eventStream

    /// The media type that the answer is labelled with.
    package var mediaType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv"
        case .tsv: "text/tab-separated-values"
        case .xml: "application/xml"
        case .npy: "application/x-npy"
        case .npz: "application/x-npz"
        case .safetensors: "application/x-safetensors"
        case .protobuf: "application/x-protobuf"
        case .arrow: "application/vnd.apache.arrow.stream"
        case .ndjson: "application/x-ndjson"
        case .eventStream: "text/event-stream"
        }
    }

    /// Whether an answer of this format may come in parts.
    package var streams: Bool { self == .ndjson || self == .eventStream }
}
