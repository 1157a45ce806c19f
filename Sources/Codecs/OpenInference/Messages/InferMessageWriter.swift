package import Tensors

extension OpenInferenceCodec {
    /// Reads a gRPC message.
    ///
    /// - Throws: `malformed_body`, `invalid_input` or `invalid_parameter`.
    package func decode(
        _ message: InferMessage, signature: ModelSignature, regions: (any TensorRegions)? = nil
    ) throws(SluiceError) -> Request {
        try InferMessageReader.read(message, signature: signature, regions: regions)
    }

    /// Writes a `ModelInferResponse`. Tensors are always raw: clients of the field read nothing else.
    ///
    /// - Throws: `not_acceptable` for an element of BYTES that is too long, `model_broke_contract` for an output that
    ///   was asked for and isn't there.
    package func encodeMessage(
        _ outputs: [Tensor], as form: AnswerForm, model: String, version: String, parameters: [Envelope.Parameter]
    ) throws(SluiceError) -> EncodedBody {
        var writer = ProtobufWriter(reserving: 160 + Self.copiedBytes(of: outputs))
        writer.string(1, model)
        writer.string(2, version)
        if let id = form.id { writer.string(3, id) }
        InferParameters.write(parameters, 4, to: &writer)
        if form.outputs.isEmpty, Self.areCopied(outputs) {
            for index in outputs.indices { Self.describe(outputs[index], to: &writer) }
            for index in outputs.indices {
                writer.header(6, length: outputs[index].byteCount)
                writer.append(outputs[index])
            }
            return EncodedBody(mediaType: "application/grpc", segments: [.bytes(writer.take())])
        }
        let chosen = try chosen(outputs, as: form)
        for (output, _, place) in chosen {
            let parameters = try place.map { (place) throws(SluiceError) in
                place.parameters(written: try RawTensor.write(output, to: place, of: form.regions))
            }
            Self.describe(output, parameters, to: &writer)
        }
        var segments: [EncodedBody.Segment] = []
        for (output, _, place) in chosen {
            // Clients count the entries, so one in shared memory has an empty one.
            if place != nil {
                writer.header(6, length: 0)
                continue
            }
            let segment: EncodedBody.Segment =
                output.dataType == .bytes ? .bytes(try RawTensor.lengthPrefixed(output)) : .tensor(output)
            let size = EncodedBody(mediaType: "", segments: [segment]).count
            writer.header(6, length: size)
            segments.append(.bytes(writer.take()))
            if size > 0 { segments.append(segment) }
        }
        let rest = writer.take()
        if !rest.isEmpty { segments.append(.bytes(rest)) }
        return EncodedBody(mediaType: "application/grpc", segments: segments)
    }

    /// Below this a tensor's bytes are copied behind their header, so that a small answer is one piece.
    private static let smallestSegment = 4 << 10

    private static func isCopied(_ output: borrowing Tensor) -> Bool {
        output.dataType != .bytes && output.byteCount < smallestSegment
    }

    private static func areCopied(_ outputs: [Tensor]) -> Bool {
        for index in outputs.indices where !isCopied(outputs[index]) { return false }
        return true
    }

    private static func copiedBytes(of outputs: [Tensor]) -> Int {
        var count = 0
        for index in outputs.indices where isCopied(outputs[index]) { count += outputs[index].byteCount }
        return count
    }

    /// An entry of `outputs`.
    private static func describe(
        _ output: borrowing Tensor, _ parameters: [Envelope.Parameter]? = nil, to writer: inout ProtobufWriter
    ) {
        let (name, dataType, shape) = (output.name, output.dataType.name, output.shape)
        writer.message(5) { tensor in
            tensor.string(1, name)
            tensor.string(2, dataType)
            tensor.packed(3, shape)
            if let parameters { InferParameters.write(parameters, 4, to: &tensor) }
        }
    }
}

extension OpenInferenceCodec {
    /// A `ModelInferResponse` as one message of a stream.
    package func streamMessage(_ response: EncodedBody) -> EncodedBody {
        var writer = ProtobufWriter(reserving: 12)
        writer.header(2, length: response.count)
        return EncodedBody(mediaType: response.mediaType, segments: [.bytes(writer.take())] + response.segments)
    }

    /// A failure as one message of a stream, which goes on; the request that failed can be told by its id.
    package func encodeStreamFailure(_ error: SluiceError, model: String, id: String) -> EncodedBody {
        var writer = ProtobufWriter(reserving: 160)
        writer.string(1, error.message)
        writer.message(2) { response in
            response.string(1, model)
            response.string(3, id)
        }
        return EncodedBody(mediaType: "application/grpc", segments: [.bytes(writer.take())])
    }
}
