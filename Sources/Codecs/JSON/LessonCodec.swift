package import Tensors

/// A lesson as administrators send it: `{"inputs": …, "labels": …}`, each in any of the forms that JSON requests have, and
/// besides `parameters`, `subject_id`, `weight` and `timeout_ms`; docs/operations.md describes it.
package struct LessonCodec: Sendable {
    /// A lesson that says nothing of it may take a minute.
    private static let usualPatience: UInt64 = 60_000_000_000
    private static let longestPatience: UInt64 = 24 * 3_600_000_000_000

    package struct Decoded: Sendable {
        package var inputs: [Tensor]
        package var lesson: Envelope.Lesson
        package var parameters: [Envelope.Parameter]
        /// Nanoseconds that it may take.
        package var patience: UInt64
    }

    package init() {}

    /// - Throws: `malformed_body`, `invalid_input` or `invalid_parameter`.
    package func decode(_ body: RequestBody, signature: ModelSignature) throws(SluiceError) -> Decoded {
        defer { withExtendedLifetime(body.storage) {} }
        var scanner = try JSONScanner(body.bytes)
        guard try scanner.peek() == .object else { throw scanner.documentError("a lesson is an object") }
        var inputs: UnsafeRawBufferPointer?
        var labels: UnsafeRawBufferPointer?
        var decoded = Decoded(
            inputs: [], lesson: Envelope.Lesson(labels: []), parameters: [], patience: Self.usualPatience)
        var seen: [String] = []
        try scanner.beginObject()
        while let key = try scanner.nextKey(first: seen.isEmpty) {
            let name = key.text
            if seen.contains(name) { throw scanner.documentError("the key \"\(name)\" comes twice") }
            switch name {
            case "inputs": inputs = try Self.value(&scanner)
            case "labels": labels = try Self.value(&scanner)
            case "parameters": decoded.parameters = try scanner.parameters()
            case "subject_id": decoded.lesson.subjectID = try scanner.optionalString(name)
            case "weight": decoded.lesson.weight = try Self.number(name, &scanner, in: 0...1e300)
            case "timeout_ms":
                let most = Double(Self.longestPatience / 1_000_000)
                decoded.patience = UInt64(try Self.number(name, &scanner, in: 1...most) * 1e6)
            default:
                throw SluiceError(
                    .invalidInput,
                    "a lesson has no \"\(name.prefix(64))\"; it has inputs, labels, parameters, subject_id, weight and "
                        + "timeout_ms")
            }
            seen.append(name)
        }
        try scanner.finish()
        guard let inputs else { throw SluiceError(.invalidInput, "the lesson has no \"inputs\"") }
        decoded.inputs = try Self.tensors(inputs, signature, what: "inputs")
        if let labels {
            decoded.lesson.labels = try Self.tensors(
                labels, try Self.signature(ofLabels: labels, for: signature), what: "labels")
        }
        return decoded
    }

    /// A value as it stands in the text.
    private static func value(_ scanner: inout JSONScanner) throws(SluiceError) -> UnsafeRawBufferPointer {
        _ = try scanner.peek()
        let start = scanner.position
        try scanner.skipValue()
        return UnsafeRawBufferPointer(start: start, count: scanner.position - start)
    }

    private static func number(
        _ name: String, _ scanner: inout JSONScanner, in range: ClosedRange<Double>
    ) throws(SluiceError) -> Double {
        guard try scanner.peek() == .number, let value = try? scanner.number().double(), range.contains(value) else {
            throw SluiceError(
                .invalidParameter, "\"\(name)\" must be a number from \(range.lowerBound) to \(range.upperBound)",
                detail: [.init("parameter", name)])
        }
        return value
    }

    /// What labels look like: the outputs that they are for. An object names them; a list is for all of them.
    private static func signature(
        ofLabels text: UnsafeRawBufferPointer, for signature: ModelSignature
    ) throws(SluiceError) -> ModelSignature {
        var specs = signature.outputs
        var scanner = try JSONScanner(text)
        if try scanner.peek() == .object {
            var names: [String] = []
            try scanner.beginObject()
            while let key = try scanner.nextKey(first: names.isEmpty) {
                names.append(key.text)
                try scanner.skipValue()
            }
            if let stray = names.first(where: { signature.output(named: $0) == nil }) {
                let known = signature.outputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
                throw SluiceError(
                    .invalidInput,
                    "the model has no output \"\(stray.prefix(64))\" that a label could be for; it has \(known)",
                    detail: [.init("label", String(stray.prefix(64)))])
            }
            specs = specs.filter { names.contains($0.name) }
        }
        return ModelSignature(inputs: specs, outputs: [], batching: signature.batching)
    }

    private static func tensors(
        _ text: UnsafeRawBufferPointer, _ signature: ModelSignature, what: String
    ) throws(SluiceError) -> [Tensor] {
        if signature.inputs.isEmpty { return [] }
        let document = Array("{\"inputs\":".utf8) + text + Array("}".utf8)
        let storage = document.withUnsafeBytes { TensorStorage.copy(of: $0) }
        do {
            return try JSONCodec().decode(RequestBody(storage), signature: signature).inputs
        } catch {
            throw SluiceError(error.code, "\(what): \(error.message)", detail: error.detail)
        }
    }
}
