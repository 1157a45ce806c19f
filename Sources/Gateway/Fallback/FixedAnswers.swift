internal import Codecs
internal import Configuration
internal import Routing
internal import Tensors

/// The answers that the file itself gives, as tensors, by the places of their routes and rungs; nothing where it gives none.
struct FixedAnswers: Sendable {
    private var outputs: [Place: [Tensor]] = [:]

    private struct Place: Hashable {
        var route: Int
        var rung: Int
    }

    /// - Returns: the answers, and an error for each that is no tensor after all.
    static func read(_ routes: [Route]) -> (FixedAnswers, [Diagnostic]) {
        var answers = FixedAnswers()
        var diagnostics: [Diagnostic] = []
        for route in routes {
            for (index, rung) in route.fallback.enumerated() {
                guard case .answer(let outputs) = rung.action else { continue }
                do throws(SluiceError) {
                    answers.outputs[Place(route: route.index, rung: index)] = try tensors(outputs)
                } catch {
                    diagnostics.append(
                        Diagnostic(
                            severity: .error,
                            message: "route \"\(route.name)\": its answer can't be given: \(error.message)",
                            location: rung.location, length: 6))
                }
            }
        }
        return (answers, diagnostics)
    }

    /// The outputs of a rung's answer.
    ///
    /// - Parameter rows: how often each is repeated; `nil` where the route's models take no rows.
    func outputs(route: Int, rung: Int, rows: Int?) throws(SluiceError) -> [Tensor] {
        let outputs = outputs[Place(route: route, rung: rung)] ?? []
        guard let rows, rows != 1 else { return outputs }
        var repeated: [Tensor] = []
        for output in outputs {
            let tensor = rows == 0 ? output.rows(0..<0) : Tensor.joining(Array(repeating: output, count: rows))
            guard let tensor else {
                throw SluiceError(.internalError, "there is no memory for \(rows) rows of an answer")
            }
            repeated.append(tensor)
        }
        return repeated
    }

    /// Reads them as a request's inputs are read: with the same rules for what fits a data type.
    private static func tensors(_ outputs: [FixedOutput]) throws(SluiceError) -> [Tensor] {
        let specs = outputs.map { output in
            TensorSpec(
                name: output.name, dataType: DataType(name: output.dataType.rawValue) ?? .bytes, shape: output.shape)
        }
        let values = outputs.map { ($0.name, nested($0.data[...], $0.shape[...])) }
        let text = ConfigurationValue.mapping([
            (key: "inputs", value: .mapping(values.map { (key: $0.0, value: $0.1) }))
        ]).json
        let storage = unsafe Array(text.utf8).withUnsafeBytes { unsafe TensorStorage.copy(of: $0) }
        let facts = CodecRegistry.RequestFacts(contentType: "application/json")
        return try CodecRegistry().decode(
            RequestBody(storage), facts: facts, signature: ModelSignature(inputs: specs, outputs: [])
        ).inputs
    }

    /// Elements as lists of lists, as deep as the shape.
    private static func nested(
        _ data: ArraySlice<ConfigurationValue>, _ shape: ArraySlice<Int>
    ) -> ConfigurationValue {
        guard shape.count > 1, let count = shape.first, count > 0 else { return .list(Array(data)) }
        let each = data.count / count
        return .list(
            (0..<count).map { index in
                let start = data.startIndex + index * each
                return nested(data[start..<(start + each)], shape.dropFirst())
            })
    }
}
