internal import Tensors

/// gRPC's status codes.
enum GRPCStatus: Int, CaseIterable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16

    /// The status that carries a code of ours.
    init(_ code: SluiceError.Code) {
        self =
            switch code {
            case .unauthenticated: .unauthenticated
            case .forbidden: .permissionDenied
            case .modelNotFound: .notFound
            case .payloadTooLarge, .headersTooLarge, .banned, .quotaExceeded, .tooManyRequests: .resourceExhausted
            case .cancelled: .cancelled
            case .deadlineExceeded, .requestTimeout: .deadlineExceeded
            case .modelUnavailable, .pluginCrashed, .quotaUnavailable, .issuerUnavailable, .overloaded, .shuttingDown:
                .unavailable
            case .changeRefused: .failedPrecondition
            // What the protocol has no place for: an unknown method, a compression, an answer in parts to a unary call.
            case .notFound, .methodNotAllowed, .unsupportedMediaType, .notAcceptable, .modelUnimplemented:
                .unimplemented
            case .modelFailed, .modelBrokeContract, .internalError: .internal
            case let code where code.httpStatus < 500: .invalidArgument
            default: .unknown
            }
    }
}
