internal import CSluicePlugin

/// The outcome of a plugin's work; the numbers are gRPC's canonical status codes, as in `sluice_plugin.h`.
package enum Status: Int32, Sendable, CaseIterable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case resourceExhausted = 8
    case failedPrecondition = 9
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15

    /// Reads a plugin's number; one that the ABI doesn't know is `unknown`.
    package init(pluginStatus number: Int32) {
        self = Status(rawValue: number) ?? .unknown
    }

    /// The error code under which a plugin's failure reaches the client.
    package var errorCode: SluiceError.Code {
        switch self {
        case .invalidArgument, .outOfRange, .failedPrecondition, .notFound: .modelRejectedInput
        case .cancelled: .cancelled
        case .deadlineExceeded: .deadlineExceeded
        case .resourceExhausted, .unavailable: .modelUnavailable
        case .unimplemented: .modelUnimplemented
        case .ok, .unknown, .internal, .dataLoss: .modelFailed
        }
    }
}
