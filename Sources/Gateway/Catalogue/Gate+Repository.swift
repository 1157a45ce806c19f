package import Policies
package import Tensors

extension Gate {
    /// What consumers are told who want a model to be loaded: that is for administrators, and `Gatekeeper` does it.
    ///
    /// - Throws: `unauthenticated`; `model_not_found`; `model_unimplemented`.
    package func loadModel(named name: String, caller: Credentials) throws(SluiceError) {
        _ = try entry(name: name, version: nil, caller: caller)
        throw Self.notHere
    }

    /// What consumers are told who want a model to be unloaded.
    ///
    /// - Throws: `unauthenticated`; `model_not_found`; `model_unimplemented`.
    package func unloadModel(named name: String, caller: Credentials) throws(SluiceError) {
        _ = try entry(name: name, version: nil, caller: caller)
        throw Self.notHere
    }

    private static let notHere = SluiceError(
        .modelUnimplemented,
        "models are loaded as gateway.yaml says; by request they can be loaded and unloaded only where a listener serves "
            + "repository")
}
