internal import Configuration
internal import Tensors

/// Whether what pictures, film and sound become is what models take.
enum MediaFit {
    /// One error for each input that would never fit. Models that aren't loaded may take anything.
    static func diagnostics(_ configuration: GatewayConfiguration, models: [ModelRuntime]) -> [Diagnostic] {
        zip(configuration.models, models).flatMap { configured, model -> [Diagnostic] in
            guard let signature = model.signature else { return [] }
            let inputs = configured.media.compactMap { media -> Diagnostic? in
                guard let decoder = model.decoders.first(where: { $0.input == media.input }),
                    let mismatch = mismatch(decoder, signature)
                else { return nil }
                return Diagnostic(
                    severity: .error, message: "model \"\(model.name)\": \(mismatch)", location: media.location,
                    length: media.kinds.first?.rawValue.count ?? 1)
            }
            let outputs = model.encoders.compactMap { encoder -> Diagnostic? in
                guard let media = configured.outputs.first(where: { $0.name == encoder.output })?.media,
                    let mismatch = mismatch(encoder, signature)
                else { return nil }
                return Diagnostic(
                    severity: .error, message: "model \"\(model.name)\": \(mismatch)", location: media.location,
                    length: media.kind.rawValue.count)
            }
            return inputs + outputs
        }
    }

    private static func mismatch(_ decoder: MediaDecoder, _ signature: ModelSignature) -> String? {
        guard let spec = signature.input(named: decoder.input) else {
            let names = signature.inputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
            return "there is no input \"\(decoder.input)\"; it has \(names)"
        }
        let made = decoder.output
        guard !fits(made, spec) else { return nil }
        return "input \"\(spec.name)\" is \(spec.text), but this makes \(made.text)"
    }

    private static func mismatch(_ encoder: MediaEncoder, _ signature: ModelSignature) -> String? {
        guard let spec = signature.output(named: encoder.output) else {
            let names = signature.outputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
            return "there is no output \"\(encoder.output)\"; it has \(names)"
        }
        let taken = encoder.signature.inputs[0]
        guard !fits(taken, spec) else { return nil }
        return "output \"\(spec.name)\" is \(spec.text), but this takes \(taken.text)"
    }

    private static func fits(_ one: TensorSpec, _ other: TensorSpec) -> Bool {
        guard one.dataType == other.dataType else { return false }
        guard let left = one.shape, let right = other.shape else { return true }
        return left.count == right.count && zip(left, right).allSatisfy { $0 == $1 || $0 < 0 || $1 < 0 }
    }
}
