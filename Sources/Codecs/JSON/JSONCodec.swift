package import Tensors

/// The unified endpoint's plain JSON documents; docs/formats-json.md describes them.
package struct JSONCodec: Sendable {
    package init() {}

    /// Reads a body as the model's declared inputs, in whichever of the document's forms it comes.
    ///
    /// The tensors are validated against `signature`, and come in its order.
    /// - Parameter fileInputs: names of the inputs that may be files.
    /// - Throws: `malformed_body`, `invalid_input` or `invalid_parameter`.
    package func decode(
        _ body: RequestBody, signature: ModelSignature, fileInputs: [String] = []
    ) throws(SluiceError) -> CodecRegistry.Decoded {
        defer { withExtendedLifetime(body.storage) {} }
        switch try JSONDocumentReader.read(body.bytes, signature: signature, fileInputs: fileInputs) {
        case .plain(let decoded): return decoded
        case .openInference:
            let request = try OpenInferenceCodec().decode(body, headerLength: nil, signature: signature)
            var decoded = CodecRegistry.Decoded(inputs: request.inputs)
            decoded.wantedOutputs = request.answer.outputs.map(\.name)
            for output in request.answer.outputs {
                if let count = output.classification { decoded.topScores[output.name] = count }
            }
            decoded.parameters = request.allParameters
            decoded.id = request.answer.id
            return decoded
        }
    }

    /// Writes an answer as one JSON document.
    ///
    /// - Throws: `not_acceptable` where an output holds NaN or an infinity, which JSON can't carry.
    package func encode(
        _ outputs: [Tensor], facts: CodecRegistry.AnswerFacts
    ) throws(SluiceError) -> EncodedBody {
        EncodedBody(
            mediaType: AnswerFormat.json.mediaType, segments: [.bytes(try document(outputs, facts: facts))])
    }

    /// Writes an answer, or one part of a streamed answer, as one line that ends in a line feed.
    ///
    /// - Throws: `not_acceptable` where an output holds NaN or an infinity, which JSON can't carry.
    package func encodeLine(
        _ outputs: [Tensor], facts: CodecRegistry.AnswerFacts
    ) throws(SluiceError) -> EncodedBody {
        var bytes = try document(outputs, facts: facts)
        bytes.append(UInt8(ascii: "\n"))
        return EncodedBody(mediaType: AnswerFormat.ndjson.mediaType, segments: [.bytes(bytes)])
    }

    private func document(
        _ outputs: [Tensor], facts: CodecRegistry.AnswerFacts
    ) throws(SluiceError) -> [UInt8] {
        var writer = JSONWriter(reserving: 256 + outputs.reduce(0) { $0 + $1.elementCount * 8 + $1.byteCount })
        writer.beginObject()
        writer.key("model")
        writer.string(facts.model)
        writer.key("version")
        writer.string(facts.version)
        writer.key("id")
        writer.string(facts.id)
        writer.key("outputs")
        try Self.write(outputs, to: &writer, instead: "ask for text/csv or application/x-npy")
        if !facts.parameters.isEmpty {
            writer.key("parameters")
            writer.parameters(facts.parameters)
        }
        writer.endObject()
        return writer.bytes
    }

    /// Writes tensors as one object: each by its name, as nested arrays.
    ///
    /// - Throws: `not_acceptable` where one holds NaN or an infinity, which JSON can't carry.
    package func encodeValues(_ tensors: [Tensor]) throws(SluiceError) -> [UInt8] {
        var writer = JSONWriter()
        try Self.write(tensors, to: &writer, instead: "leave that row out")
        return writer.bytes
    }

    private static func write(
        _ tensors: [Tensor], to writer: inout JSONWriter, instead: String
    ) throws(SluiceError) {
        writer.beginObject()
        for tensor in tensors {
            if let index = ElementReader(tensor).firstNonFinite {
                throw .notJSON(tensor, element: index, instead: instead)
            }
            writer.key(tensor.name)
            writer.elements(of: tensor)
        }
        writer.endObject()
    }
}

extension RequestBody {
    /// The body's bytes. Valid only while the storage is referenced.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage.bytes[range]) }
}

extension SluiceError {
    /// The error about a value that isn't a JSON number; `instead` says what the client can do.
    static func notJSON(_ output: Tensor, element: Int, instead: String) -> SluiceError {
        SluiceError(
            .notAcceptable,
            "output \"\(output.name)\", element \(element + 1): JSON has no NaN and no infinity; \(instead)",
            detail: [.init("output", output.name), .init("element", element + 1)])
    }
}
