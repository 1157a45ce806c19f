package import Tensors

extension Gate {
    /// Loads a model, or loads it anew, while the gateway runs.
    ///
    /// - Throws: `unauthenticated`; `model_not_found`; `model_unimplemented`: models are loaded when the gateway starts.
    package func loadModel(named name: String, key: String?) throws(SluiceError) {
        _ = try entry(name: name, version: nil, key: key)
        throw Self.loadedAtStart
    }

    /// Takes a model out of service while the gateway runs.
    ///
    /// - Throws: `unauthenticated`; `model_not_found`; `model_unimplemented`: models live as long as the gateway.
    package func unloadModel(named name: String, key: String?) throws(SluiceError) {
        _ = try entry(name: name, version: nil, key: key)
        throw Self.loadedAtStart
    }

    private static let loadedAtStart = SluiceError(
        .modelUnimplemented,
        "models are loaded when the gateway starts, as gateway.yaml says; they can't be loaded or unloaded by request")
}
