extension SluiceError {
    /// A stable error code: the same text in responses, logs, metrics and docs, with its HTTP status.
    package struct Code: Sendable, Hashable {
        private enum Kind: String, Sendable, CaseIterable {
            // What the client sent.
            case malformedRequest = "malformed_request"
            case malformedBody = "malformed_body"
            case invalidInput = "invalid_input"
            case invalidParameter = "invalid_parameter"
            case unauthenticated
            case forbidden
            case notFound = "not_found"
            case modelNotFound = "model_not_found"
            case methodNotAllowed = "method_not_allowed"
            case notAcceptable = "not_acceptable"
            case requestTimeout = "request_timeout"
            case lengthRequired = "length_required"
            case payloadTooLarge = "payload_too_large"
            case uriTooLong = "uri_too_long"
            case unsupportedMediaType = "unsupported_media_type"
            case expectationFailed = "expectation_failed"
            case banned
            case quotaExceeded = "quota_exceeded"
            case changeRefused = "change_refused"
            case headersTooLarge = "headers_too_large"
            case cancelled
            // What the model said of it.
            case modelRejectedInput = "model_rejected_input"
            case modelFailed = "model_failed"
            case modelUnimplemented = "model_unimplemented"
            case modelUnavailable = "model_unavailable"
            case modelBrokeContract = "model_broke_contract"
            case pluginCrashed = "plugin_crashed"
            // What the gate could not do.
            case quotaUnavailable = "quota_unavailable"
            case issuerUnavailable = "issuer_unavailable"
            case overloaded
            case tooManyRequests = "too_many_requests"
            case shuttingDown = "shutting_down"
            case deadlineExceeded = "deadline_exceeded"
            case internalError = "internal_error"
        }

        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// The text that appears in responses and logs.
        package var text: String { kind.rawValue }
        /// Every code, for documentation and tests.
        package static var all: [Code] { Kind.allCases.map(Code.init) }

        package static let malformedRequest = Code(.malformedRequest)
        package static let malformedBody = Code(.malformedBody)
        package static let invalidInput = Code(.invalidInput)
        package static let invalidParameter = Code(.invalidParameter)
        package static let unauthenticated = Code(.unauthenticated)
        package static let forbidden = Code(.forbidden)
        package static let notFound = Code(.notFound)
        package static let modelNotFound = Code(.modelNotFound)
        package static let methodNotAllowed = Code(.methodNotAllowed)
        package static let notAcceptable = Code(.notAcceptable)
        package static let requestTimeout = Code(.requestTimeout)
        package static let lengthRequired = Code(.lengthRequired)
        package static let payloadTooLarge = Code(.payloadTooLarge)
        package static let uriTooLong = Code(.uriTooLong)
        package static let unsupportedMediaType = Code(.unsupportedMediaType)
        package static let expectationFailed = Code(.expectationFailed)
        package static let banned = Code(.banned)
        package static let quotaExceeded = Code(.quotaExceeded)
        package static let changeRefused = Code(.changeRefused)
        package static let headersTooLarge = Code(.headersTooLarge)
        package static let cancelled = Code(.cancelled)
        package static let modelRejectedInput = Code(.modelRejectedInput)
        package static let modelFailed = Code(.modelFailed)
        package static let modelUnimplemented = Code(.modelUnimplemented)
        package static let modelUnavailable = Code(.modelUnavailable)
        package static let modelBrokeContract = Code(.modelBrokeContract)
        package static let pluginCrashed = Code(.pluginCrashed)
        package static let quotaUnavailable = Code(.quotaUnavailable)
        package static let issuerUnavailable = Code(.issuerUnavailable)
        package static let overloaded = Code(.overloaded)
        package static let tooManyRequests = Code(.tooManyRequests)
        package static let shuttingDown = Code(.shuttingDown)
        package static let deadlineExceeded = Code(.deadlineExceeded)
        package static let internalError = Code(.internalError)

        /// The HTTP status that carries this code (RFC 9110; 499 as nginx uses it for a caller who left).
        package var httpStatus: Int {
            switch kind {
            case .malformedRequest, .malformedBody, .invalidInput, .invalidParameter, .modelRejectedInput: 400
            case .unauthenticated: 401
            case .forbidden: 403
            case .notFound, .modelNotFound: 404
            case .methodNotAllowed: 405
            case .notAcceptable: 406
            case .requestTimeout: 408
            case .lengthRequired: 411
            case .changeRefused: 409
            case .payloadTooLarge: 413
            case .uriTooLong: 414
            case .unsupportedMediaType: 415
            case .expectationFailed: 417
            case .banned, .quotaExceeded, .tooManyRequests: 429
            case .headersTooLarge: 431
            case .cancelled: 499
            case .modelFailed, .internalError: 500
            case .modelUnimplemented: 501
            case .modelBrokeContract: 502
            case .modelUnavailable, .pluginCrashed, .quotaUnavailable, .issuerUnavailable, .overloaded, .shuttingDown:
                503
            case .deadlineExceeded: 504
            }
        }
    }
}
