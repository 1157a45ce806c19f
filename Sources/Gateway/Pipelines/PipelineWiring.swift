internal import Configuration
internal import PluginHost
internal import Routing
internal import Tensors

/// Which of a pipeline's tensors each input and output of its steps is, settled from what their models declare.
struct PipelineWiring: Sendable {
    /// A tensor of the pipeline.
    struct Wire: Sendable {
        /// With the tensor's own name.
        var spec: TensorSpec
        /// The step that makes it; `nil` for an input of the pipeline.
        var maker: Int?
        /// Whether any step takes it, or the answer has it.
        var isUsed = false
    }

    /// By the order of the model's declaration, the places of tensors in `wires`.
    struct Step: Sendable {
        var inputs: [Int] = []
        var outputs: [Int] = []
        /// Rows of one call, at most.
        var rows: Int?
    }

    private(set) var wires: [Wire] = []
    private(set) var steps: [Step] = []
    /// The places of tensors that are answered.
    private(set) var outputs: [Int] = []
    /// What doesn't fit; empty where it can run.
    private(set) var diagnostics: [Diagnostic] = []

    private let pipeline: PipelineConfiguration
    private let models: [ModelDescription]

    /// - Parameter models: what the steps' models declare, in the order of the steps.
    init(_ pipeline: PipelineConfiguration, models: [ModelDescription]) {
        self.pipeline = pipeline
        self.models = models
        for index in pipeline.steps.indices { wire(index) }
        settleOutputs()
        checkUse()
        checkKinds()
    }

    /// Where a tensor of that name is.
    private func place(of name: String) -> Int? { wires.firstIndex { $0.spec.name == name } }

    private func text(_ index: Int) -> String { "step \(index + 1) (\"\(pipeline.steps[index].model.text)\")" }

    private mutating func fail(
        _ message: String, at name: PipelineConfiguration.Name, _ suggestion: String? = nil
    ) {
        diagnostics.append(
            Diagnostic(
                severity: .error, message: message, location: name.location, length: max(name.length, 1),
                suggestion: suggestion))
    }

    private static func advice(for name: String, in names: [String], label: String) -> String? {
        if let nearest = NearestName.to(name, among: names) { return "did you mean \"\(nearest)\"?" }
        guard !names.isEmpty else { return nil }
        return "\(label): \(names.prefix(12).joined(separator: ", "))"
    }

    // MARK: One step

    private mutating func wire(_ index: Int) {
        let step = pipeline.steps[index]
        let signature = models[index].signature
        checkNames(step.inputs, against: signature.inputs, what: "input", of: step)
        checkNames(step.outputs, against: signature.outputs, what: "output", of: step)
        var wired = Step()
        wired.rows = step.rows
        for spec in signature.inputs {
            let given = step.inputs.first { $0.name.text == spec.name }?.tensor
            wired.inputs.append(take(spec, as: given ?? .init(spec.name, at: step.model.location), in: index))
        }
        for spec in signature.outputs {
            let given = step.outputs.first { $0.name.text == spec.name }
            wired.outputs.append(make(spec, as: given, in: index))
        }
        steps.append(wired)
    }

    private mutating func checkNames(
        _ written: [PipelineConfiguration.Wire], against specs: [TensorSpec], what: String,
        of step: PipelineConfiguration.Step
    ) {
        let names = specs.map(\.name)
        for wire in written where !names.contains(wire.name.text) {
            fail(
                "model \"\(step.model.text)\" has no \(what) \"\(wire.name.text)\"", at: wire.name,
                Self.advice(for: wire.name.text, in: names, label: "it has"))
        }
    }

    /// A step takes a tensor, which is there by now, or is an input of the pipeline.
    private mutating func take(_ spec: TensorSpec, as tensor: PipelineConfiguration.Name, in index: Int) -> Int {
        var own = spec
        own.name = tensor.text
        guard let place = place(of: tensor.text) else {
            if index > 0, !pipeline.inputs.contains(tensor) { reportUnknown(tensor, spec, in: index) }
            wires.append(Wire(spec: own, maker: nil, isUsed: true))
            return wires.count - 1
        }
        wires[place].isUsed = true
        let known = wires[place].spec
        guard known.dataType == spec.dataType, let shape = Self.common(known.shape, spec.shape) else {
            let what = known.dataType == spec.dataType ? "shapes differ" : "data types differ"
            let origin = wires[place].maker.map { text($0) + " makes" } ?? "the request brings"
            fail(
                """
                \(text(index)) takes "\(spec.name)" as \(spec.text), but \(origin) \
                "\(tensor.text)" as \(known.text): their \(what)
                """, at: tensor)
            return place
        }
        // Of an input of the pipeline that must hold which all of its takers want.
        if wires[place].maker == nil {
            wires[place].spec.shape = shape
            if known.columns.isEmpty { wires[place].spec.columns = spec.columns }
        }
        return place
    }

    private mutating func reportUnknown(_ tensor: PipelineConfiguration.Name, _ spec: TensorSpec, in index: Int) {
        let later = pipeline.steps.indices.dropFirst(index + 1).first { step in
            let made = models[step].signature.outputs.map { output in
                pipeline.steps[step].outputs.first { $0.name.text == output.name }?.tensor.text ?? output.name
            }
            return made.contains(tensor.text)
        }
        let message = "no step before \(text(index)) makes \"\(tensor.text)\", which it takes as \"\(spec.name)\""
        if let later {
            return fail(message, at: tensor, "\(text(later)) makes it: write that step first")
        }
        let names = wires.map(\.spec.name)
        let advice = Self.advice(for: tensor.text, in: names, label: "there is")
        fail(
            message, at: tensor,
            [advice, "what the request brings for it is named by inputs: { \(tensor.text): {} }"].compactMap(\.self)
                .joined(separator: "; "))
    }

    /// A step makes a tensor, which must be a new one.
    private mutating func make(_ spec: TensorSpec, as given: PipelineConfiguration.Wire?, in index: Int) -> Int {
        let tensor = given?.tensor ?? .init(spec.name, at: pipeline.steps[index].model.location)
        var own = spec
        own.name = tensor.text
        if let place = place(of: tensor.text) {
            let origin = wires[place].maker.map { text($0) + " makes it, too" } ?? "the request brings it"
            fail(
                "\(text(index)) makes \"\(tensor.text)\", but \(origin)", at: tensor,
                "give it another name, e.g. outputs: { \(spec.name): \(tensor.text)_\(index + 1) }")
        }
        wires.append(Wire(spec: own, maker: index))
        return wires.count - 1
    }

    /// What fits both; `nil` where nothing does.
    private static func common(_ left: [Int]?, _ right: [Int]?) -> [Int]?? {
        guard let left else { return .some(right) }
        guard let right else { return .some(left) }
        guard left.count == right.count else { return nil }
        var shape = left
        for axis in shape.indices where right[axis] >= 0 {
            guard left[axis] < 0 || left[axis] == right[axis] else { return nil }
            shape[axis] = right[axis]
        }
        return .some(shape)
    }

    // MARK: The whole

    private mutating func settleOutputs() {
        guard !pipeline.outputs.isEmpty else {
            outputs = steps.last?.outputs ?? []
            for place in outputs { wires[place].isUsed = true }
            return
        }
        let made = wires.filter { $0.maker != nil }.map(\.spec.name)
        for output in pipeline.outputs {
            guard let place = place(of: output.text) else {
                fail(
                    "no step makes \"\(output.text)\"", at: output,
                    Self.advice(for: output.text, in: made, label: "they make"))
                continue
            }
            guard wires[place].maker != nil else {
                fail(
                    "\"\(output.text)\" is what the request brings; only what steps make is answered", at: output,
                    "they make: \(made.prefix(12).joined(separator: ", "))")
                continue
            }
            wires[place].isUsed = true
            outputs.append(place)
        }
    }

    private mutating func checkUse() {
        let taken = wires.filter { $0.maker == nil }.map(\.spec.name)
        for input in pipeline.inputs where !taken.contains(input.text) {
            fail(
                "no step takes input \"\(input.text)\"", at: input,
                Self.advice(for: input.text, in: taken, label: "inputs are"))
        }
        // Where a name is wrong, whoever makes what was meant is in use.
        guard diagnostics.isEmpty else { return }
        for (index, step) in steps.enumerated() where !step.outputs.contains(where: { wires[$0].isUsed }) {
            fail(
                "nothing takes what \(text(index)) makes", at: pipeline.steps[index].model,
                "name it under outputs, or remove the step")
        }
    }

    /// Models that can't be just any step.
    private mutating func checkKinds() {
        for (index, model) in models.enumerated() where pipeline.steps[index].rows != nil {
            let ports = model.signature.inputs + model.signature.outputs
            let hasRows = ports.allSatisfy { $0.shape.map { $0.first.map { $0 < 0 } ?? false } ?? false }
            guard !hasRows || model.streams || model.keepsSequences else { continue }
            fail(
                "\(text(index)) can't be asked for some rows at a time: \(Self.whyWhole(model))",
                at: pipeline.steps[index].model, "remove its rows")
        }
        for (index, model) in models.enumerated() where model.streams {
            let makes = steps[index].outputs
            let isTaken = steps.contains { $0.inputs.contains(where: makes.contains) }
            let isOnly = models.count { $0.streams } == 1
            guard isTaken || !isOnly else { continue }
            fail(
                "\(text(index)) may answer in parts, which no other step can take or do",
                at: pipeline.steps[index].model
            )
        }
        var stateful: Set<String> = []
        for (index, model) in models.enumerated() where model.keepsSequences {
            guard !stateful.insert(pipeline.steps[index].model.text).inserted else { continue }
            fail(
                "\(text(index)) keeps what it knows of a sequence, so it can't be asked twice for one request",
                at: pipeline.steps[index].model)
        }
    }
    private static func whyWhole(_ model: ModelDescription) -> String {
        if model.streams { return "it may answer in parts" }
        if model.keepsSequences { return "it keeps what it knows of a sequence" }
        return "the first dimension of all that it takes and makes must be free"
    }
}
