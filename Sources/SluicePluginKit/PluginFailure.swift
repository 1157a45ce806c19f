public import CSluicePlugin

/// What went wrong, as the host and the caller read it. At most 507 bytes of the message arrive.
public struct PluginFailure: Error, Equatable {
    /// What people read: what is wrong, and what to change.
    public var message: String
    /// One of `SLUICE_…`, the numbers of gRPC's status codes.
    public var code: sluice_status

    /// A failure of the caller's doing, unless another code is given.
    ///
    /// - Parameter code: `SLUICE_INVALID_ARGUMENT` unless something else fits better.
    public init(_ message: String, code: sluice_status = sluice_status(SLUICE_INVALID_ARGUMENT)) {
        self.message = message
        self.code = code
    }

    /// Runs `body`; what it throws becomes the status and the text in `error`.
    static func reported(
        in error: UnsafeMutablePointer<sluice_error>?, _ body: () throws -> Void
    ) -> sluice_status {
        do {
            try body()
            return sluice_status(SLUICE_OK)
        } catch let problem {
            let failure =
                problem as? PluginFailure ?? PluginFailure("\(problem)", code: sluice_status(SLUICE_INTERNAL))
            guard let error else { return failure.code }
            error.pointee.code = failure.code
            withUnsafeMutableBytes(of: &error.pointee.message) { message in
                let bytes = failure.message.utf8.prefix(message.count - 1)
                message.copyBytes(from: bytes)
                message[bytes.count] = 0
            }
            return failure.code
        }
    }
}
