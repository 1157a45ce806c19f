package import Tensors

/// The best few scores of outputs, in place of all of them.
///
/// An output `NAME` becomes two: `NAME_label` (`NAME_index` where the file has no labels for it) and `NAME_score`. They are
/// tensors like all others, so every format carries them. The Open Inference extension `classification`, which has a form of
/// its own for the same, is `Classification`.
package struct TopScores: Sendable, Equatable {
    /// More are not given.
    package static let most = 65_536

    /// So many of each output that has scores; `nil` where only some are named.
    package var count: Int?
    /// So many of single outputs.
    package var ofOutput: [String: Int]

    package init(count: Int?, ofOutput: [String: Int] = [:]) {
        self.count = count
        self.ofOutput = ofOutput
    }

    /// Whether all scores are wanted.
    package var isEmpty: Bool { count == nil && ofOutput.isEmpty }

    /// Checks that there are scores.
    ///
    /// - Parameter wanted: names of outputs; empty for all.
    /// - Throws: `invalid_parameter`.
    package func check(_ signature: ModelSignature, wanted: [String]) throws(SluiceError) {
        guard count != nil, ofOutput.isEmpty else { return }
        let outputs = signature.outputs.filter { wanted.isEmpty || wanted.contains($0.name) }
        guard !outputs.contains(where: { takes($0, of: signature) != nil }) else { return }
        let texts = outputs.map { "\($0.name) \($0.text)" }.joined(separator: ", ")
        throw SluiceError(
            .invalidParameter,
            "\"top\" takes the best of outputs with labels, or of floating-point ones where none has any; there is \(texts)",
            detail: [.init("parameter", "top")])
    }

    /// How many are wanted of an output; `nil` where it stays as it is.
    private func takes(_ spec: TensorSpec, of signature: ModelSignature) -> Int? {
        if let own = ofOutput[spec.name] { return own }
        guard let count else { return nil }
        if signature.outputs.contains(where: { !$0.labels.isEmpty }) { return spec.labels.isEmpty ? nil : count }
        let isFloat = [.fp16, .bf16, .fp32, .fp64].contains(spec.dataType)
        return isFloat && spec.shape?.isEmpty != true ? count : nil
    }

    /// The outputs with the best of their scores in place of all.
    ///
    /// - Throws: `invalid_parameter` for an output without scores; `model_broke_contract` where it has other places than
    ///   labels.
    package func applied(to outputs: [Tensor], signature: ModelSignature) throws(SluiceError) -> [Tensor] {
        var tensors: [Tensor] = []
        for output in outputs {
            let spec = signature.output(named: output.name)
            if let spec, let count = takes(spec, of: signature) {
                tensors += try Self.best(count, of: output, labels: spec.labels)
            } else {
                tensors.append(output)
            }
        }
        let names = tensors.map(\.name)
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw SluiceError(
                .invalidParameter,
                "\"top\" makes an output \"\(twice)\", which the model has already; ask for one by outputs",
                detail: [.init("parameter", "top"), .init("output", twice)])
        }
        return tensors
    }

    /// What the outputs become, as far as the model declares them.
    ///
    /// - Parameter wanted: names of outputs; empty for all.
    package func applied(to signature: ModelSignature, wanted: [String]) -> ModelSignature {
        var changed = signature
        let outputs = signature.outputs.filter { wanted.isEmpty || wanted.contains($0.name) }
        changed.outputs = outputs.flatMap { spec -> [TensorSpec] in
            guard let count = takes(spec, of: signature) else { return [spec] }
            var shape = spec.shape
            if let last = shape?.indices.last {
                shape?[last] = min(count, spec.labels.isEmpty ? count : spec.labels.count)
            }
            let places = TensorSpec(
                name: spec.name + Self.placeEnding(spec.labels), dataType: spec.labels.isEmpty ? .int64 : .bytes,
                shape: shape)
            return [places, TensorSpec(name: spec.name + "_score", dataType: spec.dataType, shape: shape)]
        }
        return changed
    }

    private static func placeEnding(_ labels: [String]) -> String { labels.isEmpty ? "_index" : "_label" }

    private static func best(_ count: Int, of output: Tensor, labels: [String]) throws(SluiceError) -> [Tensor] {
        guard output.dataType != .bytes, output.dataType != .bool, let places = output.shape.last else {
            throw SluiceError(
                .invalidParameter,
                "output \"\(output.name)\" is \(output.dataType)\(Shape.text(output.shape)), which has no scores",
                detail: [.init("output", output.name)])
        }
        guard labels.isEmpty || labels.count == places else {
            throw SluiceError(
                .modelBrokeContract,
                "output \"\(output.name)\" has \(places) scores, but there are \(labels.count) labels for it",
                detail: [.init("output", output.name)])
        }
        let kept = min(count, places)
        let shape = Array(output.shape.dropLast()) + [kept]
        let best = output.withBytes { bytes -> [Int] in
            (0..<(places == 0 ? 0 : output.elementCount / places)).flatMap { row in
                Ranking.best(kept, of: output, in: (row * places)..<((row + 1) * places), bytes: bytes)
            }
        }
        let name = output.name + placeEnding(labels)
        let first =
            try labels.isEmpty
            ? Tensor(name: name, dataType: .int64, shape: shape, copying: best.map { Int64($0 % places) })
            : Tensor(name: name, shape: shape, strings: best.map { labels[$0 % places] })
        let width = output.dataType.byteWidth
        let scores = TensorStorage.allocate(byteCount: best.count * width)
        output.withBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            for (place, index) in best.enumerated() {
                scores.base.advanced(by: place * width).copyMemory(from: base + index * width, byteCount: width)
            }
        }
        return [
            first, try Tensor(name: output.name + "_score", dataType: output.dataType, shape: shape, storage: scores),
        ]
    }
}
