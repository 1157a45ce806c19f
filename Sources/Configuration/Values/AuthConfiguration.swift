/// How callers prove who they are.
package enum AuthConfiguration: Sendable, Equatable {
    /// Nobody is asked. Off loopback only where the file says `{ none: i-accept-open-access }`.
    case none
    /// A key in a header: `authorization: Bearer KEY`, or the bare key in any other header. The name is lower case.
    case apiKeys(header: String)

    /// Where keys are unless the file says otherwise.
    package static let standardHeader = "authorization"

    /// Where keys are; also for a route that asks for one although the file's `auth` is `none`.
    package var keyHeader: String {
        switch self {
        case .none: Self.standardHeader
        case .apiKeys(let header): header
        }
    }
}
