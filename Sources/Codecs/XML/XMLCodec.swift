package import Tensors

/// XML documents of rows or of tensors; `docs/formats.md` has the mapping.
package enum XMLCodec {
    /// Reads a document as the model's inputs.
    ///
    /// - Throws: `malformed_body` for what is no XML or no such document, with line and column; `invalid_input` for columns
    ///   and values that the model doesn't take.
    package static func decode(_ body: RequestBody, signature: ModelSignature) throws(SluiceError) -> [Tensor] {
        defer { withExtendedLifetime(body.storage) {} }
        return try XMLScanner.read(body.bytes, with: XMLRequestReader(signature))
    }

    /// Writes outputs: as `<row>` elements where they share their first axis, each as one `<output>` otherwise.
    package static func encode(_ tensors: [Tensor], facts: CodecRegistry.AnswerFacts) -> EncodedBody {
        var writer = XMLWriter()
        writer.openRoot(
            "response", attributes: [("model", facts.model), ("version", facts.version), ("id", facts.id)])
        for parameter in facts.parameters {
            writer.open("parameter", attributes: [("name", parameter.key)])
            writer.append(text: parameter.value.text)
            writer.close("parameter")
        }
        writer.append(tensors, tensorElement: "output")
        writer.closeRoot("response")
        return EncodedBody(mediaType: AnswerFormat.xml.mediaType, segments: [.bytes(writer.bytes)])
    }

    /// Inputs as a request document.
    static func encodeRequest(_ tensors: [Tensor], specs: [TensorSpec]) -> EncodedBody {
        var writer = XMLWriter()
        writer.openRoot("rows", attributes: [])
        writer.append(tensors, specs: specs, tensorElement: "input")
        writer.closeRoot("rows")
        return EncodedBody(mediaType: AnswerFormat.xml.mediaType, segments: [.bytes(writer.bytes)])
    }
}
