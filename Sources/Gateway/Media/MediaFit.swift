internal import Configuration
internal import Tensors

/// Whether what pictures, film and sound become is what models take.
enum MediaFit {
    /// One error for each input that would never fit. Models that aren't loaded may take anything.
    static func diagnostics(_ configuration: GatewayConfiguration, models: [ModelRuntime]) -> [Diagnostic] {
        zip(configuration.models, models).flatMap { configured, model -> [Diagnostic] in
            guard let signature = model.signature else { return [] }
            return configured.media.compactMap { media in
                guard let decoder = model.decoders.first(where: { $0.input == media.input }),
                    let mismatch = mismatch(decoder, signature)
                else { return nil }
                return Diagnostic(
                    severity: .error, message: "model \"\(model.name)\": \(mismatch)", location: media.location,
                    length: media.kinds.first?.rawValue.count ?? 1)
            }
        }
    }

    private static func mismatch(_ decoder: MediaDecoder, _ signature: ModelSignature) -> String? {
        guard let spec = signature.input(named: decoder.input) else {
            let names = signature.inputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
            return "there is no input \"\(decoder.input)\"; it has \(names)"
        }
        let made = decoder.output
        var fits = spec.dataType == made.dataType
        if let wanted = spec.shape, let got = made.shape {
            fits = fits && wanted.count == got.count
            fits = fits && zip(wanted, got).allSatisfy { $0 == $1 || $0 < 0 || $1 < 0 }
        }
        guard !fits else { return nil }
        return "input \"\(spec.name)\" is \(spec.text), but this makes \(made.text)"
    }
}
