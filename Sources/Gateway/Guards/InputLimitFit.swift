internal import Configuration
internal import Tensors

/// Whether what the file says of models' inputs goes with what the models declare.
enum InputLimitFit {
    /// One error for each limit that can't hold. Models that aren't loaded may have anything.
    static func diagnostics(_ configuration: GatewayConfiguration, models: [ModelRuntime]) -> [Diagnostic] {
        zip(configuration.models, models).flatMap { configured, model -> [Diagnostic] in
            guard let signature = model.signature else { return [] }
            return configured.inputLimits.compactMap { limits in
                guard let mismatch = mismatch(limits, signature) else { return nil }
                return Diagnostic(
                    severity: .error,
                    message: """
                        model "\(model.name)": input "\(limits.input)" can't have these limits: \(mismatch)
                        """,
                    location: limits.limits.location, length: limits.input.unicodeScalars.count)
            }
        }
    }

    private static func mismatch(
        _ limits: ModelConfiguration.NamedLimits, _ signature: ModelSignature
    ) -> String? {
        guard let spec = signature.inputs.first(where: { $0.name == limits.input }) else {
            return "the model has no such input"
        }
        return InputBounds(limits.input, limits.limits).mismatch(with: spec)
    }
}

extension InputBounds {
    init(_ input: String, _ limits: InputLimits) {
        self.init(input: input)
        maxShape = limits.maxShape
        least = limits.least
        most = limits.most
        isFinite = limits.isFinite
        maxText = limits.maxText
    }
}

extension Gate {
    /// Checks inputs against what the file says of a model's.
    ///
    /// - Throws: `invalid_input`.
    func check(_ inputs: [Tensor], model index: Int) throws(SluiceError) {
        for bounds in bounds[index] {
            if let input = inputs.first(where: { $0.name == bounds.input }) { try bounds.check(input) }
        }
    }
}
