internal import Configuration
internal import PluginHost

/// A model of a revision, with what the next one needs to know to keep it or not.
struct ProvisionedModel: Sendable {
    var runtime: ModelRuntime
    var fingerprint: ModelFingerprint
    /// Whether it was loaded, or tried to be, for this revision.
    var isNew: Bool
    /// Somebody unloaded it, and it stays so until somebody loads it or its entry in the file changes.
    var isUnloaded = false

    /// Whether it is still what is asked for. One that failed is tried again each time; one whose process is down for the
    /// moment is loaded all the same, and its keeper is about to bring it back.
    func canStay(_ wanted: ModelFingerprint) -> Bool {
        fingerprint == wanted && (runtime.loaded != nil || isUnloaded)
    }

    /// The same model for the next revision.
    var kept: ProvisionedModel {
        var kept = self
        kept.isNew = false
        return kept
    }

    /// The same entry with nothing loaded.
    func unloaded() -> ProvisionedModel {
        let reason = PluginLoadError(.unloaded, "it was unloaded")
        return ProvisionedModel(
            runtime: ModelRuntime(configuration: runtime.configuration, state: .failure(reason)),
            fingerprint: fingerprint, isNew: false, isUnloaded: true)
    }
}
