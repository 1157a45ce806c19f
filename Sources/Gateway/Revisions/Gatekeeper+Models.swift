internal import Configuration
internal import Dispatch
internal import NIOConcurrencyHelpers
package import PluginHost
package import Tensors

/// What can be done to one model while the gateway runs.
package enum ModelChange: String, Sendable, CaseIterable {
    /// Load it, where it isn't.
    case load
    /// Let it finish what it has, then free it. It stays so until somebody loads it or its entry in the file changes.
    case unload
    /// Load it anew beside the one that serves, which goes on until the new one takes over.
    case swap
}

/// How one configured model stands.
package struct ModelState: Sendable {
    package var name: String
    package var version: String
    package var isReady: Bool
    /// Why it isn't ready.
    package var reason: String?
    package var plugin: String
    /// The models that it is made of, where no plugin runs it.
    package var steps: [String]
    /// SHA-256 of the plugin's file.
    package var pluginSHA256: String?
    /// What runs it, e.g. `onnxruntime_onnx`.
    package var platform: String?
    /// Requests that wait for a free call.
    package var waiting: Int
    /// Requests that the plugin has not finished.
    package var running: Int
    /// What it declares; `nil` while it isn't loaded.
    package var declared: Declared?

    package struct Declared: Sendable {
        package var description: ModelDescription
        /// With the column names that the configuration adds.
        package var signature: ModelSignature
    }
}

/// The repository of models: the one interface behind `/admin/models`, the Open Inference repository API over HTTP and
/// gRPC, and `sluice model`.
extension Gatekeeper {
    /// Every model of the revision that serves, in the order of the file.
    package var modelStates: [ModelState] {
        locked.withLockedValue { $0.models }.map { model in
            let runtime = model.runtime
            return ModelState(
                name: runtime.name, version: runtime.version, isReady: runtime.isReady, reason: runtime.failure,
                plugin: runtime.configuration.plugin,
                steps: runtime.configuration.pipeline?.steps.map(\.model.text) ?? [],
                pluginSHA256: model.fingerprint.library,
                platform: runtime.loaded?.description.platform, waiting: runtime.queueDepth,
                running: runtime.unfinishedCalls,
                declared: runtime.loaded.map {
                    ModelState.Declared(description: $0.description, signature: $0.signature)
                })
        }
    }

    /// Loads, unloads or swaps a model: a revision of its own. Returns at once; `completion` comes on a thread of the
    /// keeper's.
    ///
    /// - Parameter cause: what the log says of who wanted it.
    package func change(
        _ change: ModelChange, model name: String, cause: String, completion: @escaping Completion
    ) {
        changes.async { [self] in
            completion(
                record([cause], action: change.rawValue, model: name) { () throws(ReloadFailure) in
                    try make(change, of: name)
                })
        }
    }

    private func make(_ change: ModelChange, of name: String) throws(ReloadFailure) -> RevisionReport {
        let start = MonotonicTime.now
        let (gate, models) = locked.withLockedValue { ($0.gate, $0.models) }
        guard let gate else { throw ReloadFailure(.ending, "the gateway is ending") }
        guard let index = models.firstIndex(where: { $0.runtime.name == name }) else {
            throw ReloadFailure(.unknown, "there is no model \"\(name)\"")
        }
        let candidate = Candidate(configuration: gate.configuration, hash: gate.revision.hash)
        switch change {
        case .load where models[index].runtime.loaded != nil, .unload where models[index].isUnloaded:
            return RevisionReport(revision: gate.revision, changes: [], loaded: [], retired: [], nanoseconds: 0)
        case .load, .swap:
            return try bringIn(candidate, renewing: [name], only: [name])
        case .unload:
            if models[index].runtime.configuration.state != nil { keepState(of: models[index].runtime) }
            var rest = models.map(\.kept)
            rest[index] = models[index].unloaded()
            return try takeOver(
                candidate, models: loader.rejoining(rest, of: candidate.configuration), start: start)
        }
    }
}
