package import Tensors

/// The Open Inference Protocol's JSON documents, with the binary tensor extension.
package struct OpenInferenceCodec: Sendable {
    /// One output that a request asks for.
    package struct RequestedOutput: Sendable, Equatable {
        package var name: String
        /// Whether its bytes follow the JSON instead of standing in it.
        package var isBinary: Bool
        /// How many of its largest elements are wanted instead of all.
        package var classification: Int?
        /// What their places mean.
        var labels: [String] = []
        /// Where in memory that the client shares its bytes are to go.
        package var place: RegionPlace?

        package init(name: String, isBinary: Bool) {
            self.name = name
            self.isBinary = isBinary
        }

        /// Checks that nothing speaks against where its bytes are to go.
        func checkPlace() throws(SluiceError) {
            guard place != nil, classification != nil else { return }
            throw JSONScanner.invalidParameter(
                "classification", "of output \"\(name)\" can't go to shared memory")
        }
    }

    /// What a request says of how it wants to be answered.
    package struct AnswerForm: Sendable {
        /// Echoed only if the client sent one.
        package var id: String?
        /// Empty for all.
        package var outputs: [RequestedOutput] = []
        /// The default for outputs that aren't listed or don't say.
        package var binaryOutput = false
        /// The client wants each part of a stream to say whether it is the last, and the last even if it is empty.
        package var marksLast = false
        /// Whether outputs have a row for each of the request's.
        package var isBatched = false
        /// What the caller shares with the gateway.
        package var regions: (any TensorRegions)?

        package init() {}
    }

    package struct Request: Sendable {
        package var answer = AnswerForm()
        package var inputs: [Tensor]
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
        _ body: RequestBody, headerLength: Int?, signature: ModelSignature, regions: (any TensorRegions)? = nil
    ) throws(SluiceError) -> Request {
        guard let headerLength else {
            return try OpenInferenceRequestReader.read(
                body, headerLength: body.count, signature: signature, regions: regions)
        }
        guard headerLength >= 0, headerLength <= body.count else {
            throw SluiceError(
                .malformedBody,
                "Inference-Header-Content-Length is \(headerLength), but the body has \(body.count) bytes")
        }
        defer { withExtendedLifetime(body.storage) {} }
        if headerLength == 0 { return try rawRequest(body, signature: signature) }
        return try OpenInferenceRequestReader.read(
            body, headerLength: headerLength, signature: signature, regions: regions)
    }

    /// A body that is one tensor and no JSON: for models with one input that has at most one free dimension, which the
    /// length then tells. The batch dimension, where there is one, is 1. BYTES are one element, without a length.
    private func rawRequest(_ body: RequestBody, signature: ModelSignature) throws(SluiceError) -> Request {
        guard signature.inputs.count == 1 else {
            throw SluiceError(
                .invalidInput, "a raw binary body needs a model with one input; this one has \(signature.inputs.count)")
        }
        let spec = signature.inputs[0]
        let shape = try spec.rawShape(byteCount: body.count, isBatched: signature.batching != .none)
        let tensor: Tensor
        if spec.dataType == .bytes {
            let builder = TensorBuilder(.bytes)
            builder.appendBytesElement(body.bytes)
            tensor = try builder.finish(name: spec.name, shape: shape)
        } else {
            tensor = try RawTensor.read(
                body, 0..<body.count, name: spec.name, dataType: spec.dataType, shape: shape)
        }
        try signature.validate([tensor])
        var request = Request(inputs: [tensor])
        request.answer.binaryOutput = true
        return request
    }

    /// Writes an inference response; `headerLength` is the length of the JSON where binary tensors follow it.
    ///
    /// - Throws: `not_acceptable` where JSON can't carry an output (NaN and infinities, FP16 and BF16 need binary).
    package func encode(
        _ outputs: [Tensor], as form: AnswerForm, model: String, version: String,
        parameters: [Envelope.Parameter]
    ) throws(SluiceError) -> (body: EncodedBody, headerLength: Int?) {
        var writer = JSONWriter(reserving: Self.expectedLength(outputs, as: form))
        var tail: [EncodedBody.Segment] = []
        writer.literal(#"{"model_name":"#, opens: true)
        writer.string(model)
        writer.literal(#","model_version":"#, opens: true)
        writer.string(version)
        if let id = form.id {
            writer.key(plain: "id")
            writer.string(id)
        }
        if !parameters.isEmpty {
            writer.key(plain: "parameters")
            writer.parameters(parameters)
        }
        writer.literal(#","outputs":["#, opens: true)
        if form.outputs.isEmpty {
            for index in outputs.indices { try write(outputs[index], asBinary: form.binaryOutput, to: &writer, &tail) }
        } else {
            for (output, asBinary, place) in try chosen(outputs, as: form) {
                if let place {
                    try write(output, in: place, of: form.regions, to: &writer)
                } else {
                    try write(output, asBinary: asBinary, to: &writer, &tail)
                }
            }
        }
        writer.literal("]}", opens: false)
        let length = writer.bytes.count
        guard !tail.isEmpty else {
            return (EncodedBody(mediaType: "application/json", segments: [.bytes(writer.bytes)]), nil)
        }
        let segments = tail.count == 1 ? [.bytes(writer.bytes), tail[0]] : [.bytes(writer.bytes)] + tail
        return (EncodedBody(mediaType: "application/octet-stream", segments: segments), length)
    }

    /// About as long as the JSON will be, so that it needn't be moved while it grows.
    private static func expectedLength(_ outputs: [Tensor], as form: AnswerForm) -> Int {
        var length = 192
        for index in outputs.indices {
            length += 96 + outputs[index].name.utf8.count
            if !form.binaryOutput { length += min(outputs[index].elementCount * 12, 16 << 20) }
        }
        return length
    }

    private func write(
        _ output: Tensor, asBinary: Bool, to writer: inout JSONWriter, _ tail: inout [EncodedBody.Segment]
    ) throws(SluiceError) {
        writer.beginObject()
        writer.facts(of: output)
        if asBinary {
            let segment: EncodedBody.Segment =
                output.dataType == .bytes ? .bytes(try RawTensor.lengthPrefixed(output)) : .tensor(output)
            writer.literal(#","parameters":{"binary_data_size":"#, opens: true)
            writer.number(segment.byteCount)
            writer.literal("}", opens: false)
            if segment.byteCount > 0 { if tail.isEmpty { tail = [segment] } else { tail.append(segment) } }
        } else {
            try checkJSON(output)
            writer.key(plain: "data")
            writer.flatElements(of: output)
        }
        writer.endObject()
    }

    /// The outputs that were asked for, in the order asked, with how each is to be sent.
    ///
    /// - Throws: `model_broke_contract` where the model didn't give one.
    func chosen(
        _ outputs: [Tensor], as form: AnswerForm
    ) throws(SluiceError) -> [(output: Tensor, isBinary: Bool, place: RegionPlace?)] {
        if form.outputs.isEmpty { return outputs.map { ($0, form.binaryOutput, nil) } }
        var chosen: [(Tensor, Bool, RegionPlace?)] = []
        for wanted in form.outputs {
            guard let output = outputs.first(where: { $0.name == wanted.name }) else {
                throw SluiceError(
                    .modelBrokeContract, "the model did not give its output \"\(wanted.name)\"",
                    detail: [.init("output", wanted.name)])
            }
            if let count = wanted.classification {
                let best = try Classification.top(
                    output, count: count, isBatched: form.isBatched, labels: wanted.labels)
                chosen.append((best, wanted.isBinary, nil))
            } else {
                chosen.append((output, wanted.isBinary, wanted.place))
            }
        }
        return chosen
    }

    private func checkJSON(_ output: Tensor) throws(SluiceError) {
        if output.dataType == .fp16 || output.dataType == .bf16 {
            throw SluiceError(
                .notAcceptable,
                "output \"\(output.name)\": \(output.dataType) can't be written in JSON; ask for binary",
                detail: [.init("output", output.name)])
        }
        if let index = ElementReader(output).firstNonFinite {
            throw .notJSON(output, element: index, instead: "ask for binary")
        }
        guard output.dataType == .bytes else { return }
        for index in 0..<output.elementCount where !output.withElement(index, UTF8Check.isValid) {
            throw SluiceError(
                .notAcceptable,
                "output \"\(output.name)\", element \(index + 1): its bytes are not UTF-8; ask for binary",
                detail: [.init("output", output.name), .init("element", index + 1)])
        }
    }
}

extension TensorSpec {
    /// The shape of a raw body of so many bytes.
    fileprivate func rawShape(byteCount: Int, isBatched: Bool) throws(SluiceError) -> [Int] {
        guard var shape else { throw notRaw("its shape is not declared") }
        if isBatched, let first = shape.first, first < 0 { shape[0] = 1 }
        let free = shape.indices.filter { shape[$0] < 0 }
        guard free.count <= 1 else { throw notRaw("\(text) has \(free.count) free dimensions") }
        guard let axis = free.first else {
            if dataType == .bytes, Shape.elementCount(shape) != 1 { throw notRaw("\(text) is not one element") }
            return shape
        }
        shape[axis] = 1
        if dataType == .bytes {
            guard Shape.elementCount(shape) == 1 else { throw notRaw("\(text) is not one element") }
            return shape
        }
        guard let step = Shape.byteCount(shape, of: dataType), step > 0, byteCount % step == 0 else {
            throw notRaw("\(byteCount) bytes don't fill \(text)")
        }
        shape[axis] = byteCount / step
        return shape
    }

    private func notRaw(_ reason: String) -> SluiceError {
        SluiceError(
            .invalidInput, "input \"\(name)\" can't be read from a raw binary body: \(reason)",
            detail: [.init("input", name)])
    }
}
