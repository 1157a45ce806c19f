package import Tensors

/// A small JSON document: one object whose members are texts, numbers and truth values.
package enum ScalarDocument {
    /// The members, in their order.
    ///
    /// - Throws: `malformed_body`, or `invalid_parameter` for a member that is no scalar or comes twice.
    package static func read(_ body: RequestBody) throws(SluiceError) -> [Envelope.Parameter] {
        defer { withExtendedLifetime(body.storage) {} }
        var scanner = try JSONScanner(body.bytes)
        guard try scanner.peek() == .object else { throw scanner.documentError("the body must be an object") }
        let members = try scanner.parameters()
        try scanner.finish()
        return members
    }
}
