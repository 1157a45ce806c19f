package import Configuration
package import Tensors

/// Checks that whichever model of a route answers, clients see no difference: the same outputs, from the same inputs.
package enum FallbackSignature {
    /// Compares every model of a route with its first target.
    ///
    /// Targets of a split must take just what the first takes, since any of them may come first; a fallback must take
    /// at least that. Models without a signature here (not loaded) are left out.
    ///
    /// - Parameter signatures: signatures of loaded models by name.
    /// - Returns: one error for each model that differs, at the place where the route names it.
    package static func diagnostics(for route: Route, signatures: [String: ModelSignature]) -> [Diagnostic] {
        guard let first = route.targets.first, let reference = signatures[first.name] else { return [] }
        var diagnostics: [Diagnostic] = []
        func check(_ model: Route.Model, as role: String, mustBeEqual: Bool) {
            guard model.name != first.name, let signature = signatures[model.name] else { return }
            var differences = differences(in: signature.outputs, from: reference.outputs, what: "output", fits: overlap)
            differences += self.differences(
                in: signature.inputs, from: reference.inputs, what: "input", fits: mustBeEqual ? (==) : covers)
            guard !differences.isEmpty else { return }
            diagnostics.append(
                Diagnostic(
                    severity: .error,
                    message: """
                        route "\(route.name)": \(role) "\(model.name)" can't stand in for "\(first.name)": \
                        \(differences.joined(separator: "; "))
                        """,
                    location: model.location, length: model.name.count))
        }
        for target in route.targets.dropFirst() { check(target, as: "target", mustBeEqual: true) }
        if let shadow = route.shadow { check(shadow, as: "shadow", mustBeEqual: false) }
        for rung in route.fallback {
            switch rung.action {
            case .model(let model): check(model, as: "fallback", mustBeEqual: false)
            case .answer(let outputs):
                let differences = differences(of: outputs, from: reference)
                guard !differences.isEmpty else { break }
                diagnostics.append(
                    Diagnostic(
                        severity: .error,
                        message: """
                            route "\(route.name)": its answer can't stand in for "\(first.name)": \
                            \(differences.joined(separator: "; "))
                            """, location: rung.location, length: 6))
            case .stale: break
            }
            if let bound = rung.lowConfidence, let fault = fault(of: bound, in: reference) {
                diagnostics.append(
                    Diagnostic(
                        severity: .error,
                        message: "route \"\(route.name)\": low_confidence: \"\(first.name)\" \(fault)",
                        location: rung.location, length: rung.model?.name.count ?? 6))
            }
        }
        return diagnostics
    }

    /// What of a fixed answer no model of that signature would answer.
    private static func differences(of outputs: [FixedOutput], from reference: ModelSignature) -> [String] {
        let takesRows = reference.batching != .none
        let specs = outputs.map { output in
            TensorSpec(
                name: output.name, dataType: DataType(name: output.dataType.rawValue) ?? .bytes,
                shape: takesRows ? [-1] + output.shape.dropFirst() : output.shape)
        }
        var differences = differences(in: specs, from: reference.outputs, what: "output", fits: overlap)
        for output in outputs where takesRows && output.shape.first != 1 {
            differences.append(
                "its output \"\(output.name)\" has \(output.shape.first ?? 0) rows; write one, which is repeated for each row"
            )
        }
        return differences
    }

    private static func fault(of bound: RouteConfiguration.LowConfidence, in signature: ModelSignature) -> String? {
        guard let output = signature.output(named: bound.output) else {
            let names = signature.outputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
            return "has no output \"\(bound.output)\"; it has \(names)"
        }
        return output.dataType == .bytes ? "answers text as \"\(bound.output)\", and no numbers" : nil
    }

    /// What differs, in the order of the reference's specs and then of the others.
    private static func differences(
        in specs: [TensorSpec], from reference: [TensorSpec], what: String,
        fits: (_ shape: [Int]?, _ reference: [Int]?) -> Bool
    ) -> [String] {
        var differences: [String] = []
        for wanted in reference {
            guard let found = specs.first(where: { $0.name == wanted.name }) else {
                differences.append("it has no \(what) \"\(wanted.name)\" (\(wanted.text))")
                continue
            }
            if found.dataType != wanted.dataType || !fits(found.shape, wanted.shape) {
                differences.append("its \(what) \"\(wanted.name)\" is \(found.text), not \(wanted.text)")
            }
        }
        for extra in specs where !reference.contains(where: { $0.name == extra.name }) {
            differences.append("it has one more \(what), \"\(extra.name)\" (\(extra.text))")
        }
        return differences
    }

    /// Whether everything that fits `reference` fits `shape` too.
    private static func covers(_ shape: [Int]?, _ reference: [Int]?) -> Bool {
        guard let shape else { return true }
        guard let reference, shape.count == reference.count else { return false }
        return zip(shape, reference).allSatisfy { $0 < 0 || $0 == $1 }
    }

    /// Whether something may fit both: a free dimension doesn't contradict a fixed one.
    private static func overlap(_ left: [Int]?, _ right: [Int]?) -> Bool {
        guard let left, let right else { return true }
        return left.count == right.count && zip(left, right).allSatisfy { $0 < 0 || $1 < 0 || $0 == $1 }
    }
}
