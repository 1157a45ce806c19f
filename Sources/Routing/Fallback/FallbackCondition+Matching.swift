package import Configuration
package import Tensors

extension RouteConfiguration.FallbackCondition {
    /// Whether a failure is of the kind that this condition means.
    ///
    /// None means a failure that another model can't help: a caller who left, or a gateway that is shutting down.
    package func matches(_ failure: SluiceError.Code) -> Bool {
        if failure == .cancelled || failure == .shuttingDown { return false }
        return switch self {
        case .serverError: (500...599).contains(failure.httpStatus)
        case .timeout: failure == .deadlineExceeded
        // A plugin that asks for patience (UNAVAILABLE, RESOURCE_EXHAUSTED) arrives as `model_unavailable`.
        case .overloaded: failure == .overloaded || failure == .tooManyRequests || failure == .modelUnavailable
        // What one model rejects another may take; all other 4xx say that the request itself is at fault.
        case .any: failure == .modelRejectedInput || failure.httpStatus >= 500
        }
    }
}
