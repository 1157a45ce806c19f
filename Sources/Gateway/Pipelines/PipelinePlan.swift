internal import Configuration
internal import PluginHost
internal import Tensors

/// A pipeline whose steps' models are loaded and fit together: what is asked of whom, and what becomes of the answers.
struct PipelinePlan: Sendable {
    /// A tensor of a model, and its place among the pipeline's.
    struct Port: Sendable {
        /// As the step's model declares it.
        var spec: TensorSpec
        var place: Int
        /// As the pipeline calls it.
        var name: String
    }

    /// One model that is asked.
    struct Step: Sendable {
        let model: ModelRuntime
        let inputs: [Port]
        /// Those of the model's outputs that anything takes.
        let outputs: [Port]
        /// What is asked for by name; empty where it is all that the model makes.
        let wanted: [String]
        let signature: ModelSignature
        let streams: Bool
        let keepsSequences: Bool
        /// Rows of one call, at most; `nil` for any number.
        let rows: Int?
        /// Whether no rows in would be no rows out, by what the model declares.
        private let isByRow: Bool

        fileprivate init(
            _ model: ModelRuntime, _ loaded: ModelRuntime.Loaded, inputs: [Port], outputs: [Port], rows: Int?
        ) {
            self.rows = rows.map { min($0, model.maximumRows) }
            self.model = model
            self.inputs = inputs
            self.outputs = outputs
            signature = loaded.signature
            wanted = outputs.count == signature.outputs.count ? [] : outputs.map(\.spec.name)
            streams = loaded.description.streams
            keepsSequences = loaded.description.keepsSequences
            let hasRows = { (port: Port) in port.spec.shape.map { $0.first.map { $0 < 0 } ?? false } ?? true }
            isByRow = !inputs.isEmpty && inputs.allSatisfy(hasRows) && outputs.allSatisfy(hasRows)
        }

        /// What the step makes of no rows at all, without asking its model; `nil` where that has to be asked.
        func outputs(withoutRows inputs: [Tensor]) -> [Tensor]? {
            guard isByRow, inputs.allSatisfy({ $0.shape.first == 0 }) else { return nil }
            var made: [Tensor] = []
            for output in outputs {
                // What else is free has no size either.
                let shape = output.spec.shape.map { $0.map { max($0, 0) } } ?? [0]
                let tensor =
                    output.spec.dataType == .bytes
                    ? try? Tensor(name: output.spec.name, shape: shape, strings: [])
                    : try? Tensor(
                        name: output.spec.name, dataType: output.spec.dataType, shape: shape,
                        storage: .allocate(byteCount: 0))
                guard let tensor else { return nil }
                made.append(tensor)
            }
            return made
        }
    }

    let steps: [Step]
    /// How many tensors there are.
    let tensorCount: Int
    let inputs: [Port]
    let outputs: [Port]
    /// For each step, those that take what it makes. The one that may answer in parts comes after all others.
    let followers: [[Int]]
    let signature: ModelSignature

    /// - Parameters:
    ///   - models: the steps' models, in their order; loaded.
    ///   - wiring: without mistakes.
    init(_ wiring: PipelineWiring, models: [(runtime: ModelRuntime, loaded: ModelRuntime.Loaded)]) {
        tensorCount = wiring.wires.count
        func port(_ spec: TensorSpec, _ place: Int) -> Port {
            Port(spec: spec, place: place, name: wiring.wires[place].spec.name)
        }
        steps = zip(models, wiring.steps).map { model, step in
            let signature = model.loaded.signature
            return Step(
                model.runtime, model.loaded, inputs: zip(signature.inputs, step.inputs).map(port),
                outputs: zip(signature.outputs, step.outputs).map(port).filter { wiring.wires[$0.place].isUsed },
                rows: step.rows)
        }
        inputs = wiring.wires.indices.filter { wiring.wires[$0].maker == nil }.map { port(wiring.wires[$0].spec, $0) }
        outputs = wiring.outputs.map { port(wiring.wires[$0].spec, $0) }
        let last = models.firstIndex { $0.loaded.description.streams }
        followers = wiring.steps.enumerated().map { index, step in
            var takers = wiring.steps.indices.filter { wiring.steps[$0].inputs.contains(where: step.outputs.contains) }
            if let last, last != index, !takers.contains(last) { takers.append(last) }
            return takers
        }
        // Where every step works row by row, so does the whole.
        let isByRow = models.allSatisfy { $0.loaded.signature.batching != .none }
        signature = ModelSignature(
            inputs: inputs.map(\.spec), outputs: outputs.map(\.spec), batching: isByRow ? .concat : .none)
    }

    /// What the pipeline is to whoever asks for it as a model.
    var description: ModelDescription {
        let descriptions = steps.compactMap { $0.model.loaded?.description }
        // A step that asks for some rows at a time takes any number.
        let rows = steps.filter { $0.rows == nil }.compactMap { $0.model.loaded?.description.maximumBatchRows }
            .filter { $0 > 0 }
        return ModelDescription(
            signature: signature, maximumBatchRows: signature.batching == .none ? 0 : rows.min() ?? 0,
            maximumConcurrency: 1, streams: descriptions.contains(where: \.streams), isQuick: true,
            keepsSequences: descriptions.contains(where: \.keepsSequences),
            allowsRetry: descriptions.allSatisfy(\.allowsRetry),
            isDeterministic: descriptions.allSatisfy(\.isDeterministic), memoryBytes: 0,
            platform: "sluice_pipeline",
            metadata: [.init(key: "steps", value: steps.map(\.model.name).joined(separator: ", "))])
    }

    /// For each step, whether the answer needs it.
    ///
    /// - Parameter names: outputs that are asked for; empty for all.
    func wanted(for names: [String]) -> [Bool] {
        guard !names.isEmpty else { return Array(repeating: true, count: steps.count) }
        var places = Set(outputs.filter { names.contains($0.name) }.map(\.place))
        var wanted = Array(repeating: false, count: steps.count)
        for index in steps.indices.reversed() where steps[index].outputs.contains(where: { places.contains($0.place) })
        {
            wanted[index] = true
            places.formUnion(steps[index].inputs.map(\.place))
        }
        return wanted
    }
}
