/// Something that a client must not do, and what ends for it (RFC 9113, section 5.4).
struct HTTP2Fault: Error, Equatable {
    enum Scope: Equatable {
        /// GOAWAY, and the connection is closed.
        case connection
        /// RST_STREAM; all other streams go on.
        case stream(HTTP2StreamID)
    }

    let scope: Scope
    let code: HTTP2ErrorCode
    /// For whoever debugs the client: it stands in the GOAWAY frame.
    let reason: String

    static func connection(_ code: HTTP2ErrorCode, _ reason: String) -> HTTP2Fault {
        HTTP2Fault(scope: .connection, code: code, reason: reason)
    }

    static func stream(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode, _ reason: String) -> HTTP2Fault {
        HTTP2Fault(scope: .stream(id), code: code, reason: reason)
    }
}
