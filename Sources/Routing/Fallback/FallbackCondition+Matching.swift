package import Configuration
package import Tensors

extension RouteConfiguration.FallbackCondition {
    /// Whether a failure is of the kind that this condition means.
    ///
    /// None means a failure that another model can't help: a caller who left or of whom nobody can say who it is, or a
    /// gateway that is shutting down.
    /// - Parameter opening: where the model wasn't asked because its breaker is open: the failure that opened it. What would
    ///   have led to a rung goes on to lead there.
    package func matches(_ failure: SluiceError.Code, opening: SluiceError.Code? = nil) -> Bool {
        if let opening { return self == .breakerOpen || matches(opening) || matches(.modelUnavailable) }
        if [.cancelled, .shuttingDown, .issuerUnavailable].contains(failure) { return false }
        return switch self {
        case .serverError: (500...599).contains(failure.httpStatus)
        case .failed:
            [.modelFailed, .modelUnimplemented, .modelBrokeContract, .pluginCrashed, .modelUnavailable, .internalError]
                .contains(failure)
        case .timeout: failure == .deadlineExceeded
        // A plugin that asks for patience (UNAVAILABLE, RESOURCE_EXHAUSTED) arrives as `model_unavailable`.
        case .overloaded: failure == .overloaded || failure == .tooManyRequests || failure == .modelUnavailable
        case .quota: failure == .quotaExceeded
        case .breakerOpen: false
        // What one model rejects another may take; all other 4xx say that the request itself is at fault.
        case .any: failure == .modelRejectedInput || failure.httpStatus >= 500
        }
    }
}
