/// Why a shared object was not accepted as a plugin, or a model not loaded; each kind has its own message.
package struct PluginLoadError: Error, Sendable, Equatable {
    package enum Kind: String, Sendable {
        case notFound = "not_found"
        case unreadable
        case pinMismatch = "pin_mismatch"
        case overwritten
        case notLoadable = "not_loadable"
        case noEntry = "no_entry"
        case refused
        case tooSmall = "too_small"
        case wrongTensorSize = "wrong_tensor_size"
        case missingFunction = "missing_function"
        case missingText = "missing_text"
        case loadFailed = "load_failed"
        case badDescription = "bad_description"
        case stateRefused = "state_refused"
        case warmupFailed = "warmup_failed"
        case selfTestFailed = "self_test_failed"
        case unloaded
        /// A step of it isn't loaded.
        case stepUnavailable = "step_unavailable"
        /// Its steps don't fit together.
        case miswired
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

extension PluginLoadError: CustomStringConvertible {
    package var description: String { message }
}
