internal import Configuration
internal import PluginHost
internal import Scheduling
internal import Tensors

/// Which requests to a model may be joined along the first axis, and how.
struct JoinRules: Sendable {
    /// What an input is filled up with.
    struct Fill: Sendable {
        var element: FillElement
        /// Axes, counted from 0, along which sizes may differ.
        var freeAxes: [Int]
    }

    /// Of the trace context, which is each request's own and says nothing of what is asked.
    private static let ownParameter = "traceparent"

    let signature: ModelSignature
    /// By input name.
    let fills: [String: Fill]
    /// Outputs that are cut back, and the inputs whose size they get.
    let trims: [String: String]

    /// - Throws: where the file pads what the model doesn't have.
    init(_ padding: PaddingConfiguration?, signature: ModelSignature) throws(PluginLoadError) {
        self.signature = signature
        var fills: [String: Fill] = [:]
        for (name, value) in (padding?.fills ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let spec = signature.input(named: name) else {
                throw Self.unknown("input", name, signature.inputs)
            }
            guard let element = FillElement(value, dataType: spec.dataType) else {
                throw PluginLoadError(
                    .loadFailed, "pad can't fill input \"\(name)\" with \(value): its type is \(spec.dataType)")
            }
            let free = spec.shape.map { shape in shape.indices.dropFirst().filter { shape[$0] < 0 } }
            guard free?.isEmpty != true else {
                throw PluginLoadError(
                    .loadFailed, "pad names input \"\(name)\" (\(spec.text)), which has no free dimension to fill up")
            }
            fills[name] = Fill(element: element, freeAxes: free ?? [])
        }
        for name in (padding?.trims ?? [:]).keys.sorted() where signature.output(named: name) == nil {
            throw Self.unknown("output", name, signature.outputs)
        }
        self.fills = fills
        trims = padding?.trims ?? [:]
    }

    private static func unknown(_ kind: String, _ name: String, _ specs: [TensorSpec]) -> PluginLoadError {
        let names = specs.map { "\"\($0.name)\"" }.joined(separator: ", ")
        return PluginLoadError(.loadFailed, "pad names \(kind) \"\(name)\"; the model has \(names)")
    }

    /// A number that is the same for requests that may be joined; `nil` where the request goes alone.
    func kind(of envelope: Envelope) -> Int? {
        guard envelope.sequence == nil, let rows = envelope.inputs.first?.shape.first, rows > 0 else { return nil }
        var hasher = Hasher()
        for spec in signature.inputs {
            guard let input = envelope.inputs.first(where: { $0.name == spec.name }) else { continue }
            hasher.combine(input.shape.count)
            for axis in input.shape.indices.dropFirst() where !isFree(axis, of: input) {
                hasher.combine(input.shape[axis])
            }
        }
        for name in envelope.wantedOutputs { hasher.combine(name) }
        for parameter in envelope.parameters where parameter.key != Self.ownParameter {
            hasher.combine(parameter.key)
            hasher.combine(parameter.value.text)
        }
        return hasher.finalize()
    }

    /// Whether two requests may really be joined: kinds are but numbers.
    func fit(_ left: Envelope, _ right: Envelope) -> Bool {
        guard left.inputs.count == right.inputs.count, left.wantedOutputs == right.wantedOutputs,
            shared(left.parameters).elementsEqual(shared(right.parameters))
        else { return false }
        return left.inputs.allSatisfy { input in
            guard let other = right.inputs.first(where: { $0.name == input.name }),
                other.dataType == input.dataType, other.shape.count == input.shape.count
            else { return false }
            return input.shape.indices.dropFirst().allSatisfy { axis in
                input.shape[axis] == other.shape[axis] || isFree(axis, of: input)
            }
        }
    }

    /// The parameters that a joined call has.
    func shared(_ parameters: [Envelope.Parameter]) -> [Envelope.Parameter] {
        parameters.contains { $0.key == Self.ownParameter }
            ? parameters.filter { $0.key != Self.ownParameter } : parameters
    }

    private func isFree(_ axis: Int, of input: Tensor) -> Bool {
        guard let fill = fills[input.name] else { return false }
        return fill.freeAxes.isEmpty || fill.freeAxes.contains(axis)
    }

    /// One request's outputs, cut back to what its own inputs were.
    ///
    /// - Returns: `nil` where there is not so much memory.
    func trimmed(_ output: Tensor, for own: Envelope, joined: Envelope) -> Tensor? {
        guard let name = trims[output.name], let input = own.inputs.first(where: { $0.name == name }),
            let padded = joined.inputs.first(where: { $0.name == name })
        else { return output }
        var corner = output.shape
        for axis in 1..<max(1, min(corner.count, input.shape.count)) where corner[axis] == padded.shape[axis] {
            corner[axis] = input.shape[axis]
        }
        return output.corner(corner)
    }
}
