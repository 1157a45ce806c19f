import Testing

/// One malformed request and the answer that it must get.
struct Malformed: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    /// Which of the suite's listeners it is sent to.
    var listener = "public"
    var status: Int
    var code: String
    /// Part of the error's text.
    var message: String
    /// Whether the connection must end with the answer: where the request ends can't be told.
    var closes = false

    var testDescription: String { name }

    /// A request as it stands.
    static func http(
        _ name: String, _ text: String, _ message: String, status: Int = 400, code: String = "malformed_request",
        closes: Bool = true, listener: String = "public"
    ) -> Malformed {
        Malformed(
            name: name, bytes: Array(text.utf8), listener: listener, status: status, code: code, message: message,
            closes: closes)
    }

    /// A well-formed HTTP request with a body that is not.
    static func body(
        _ name: String, _ path: String, type: String?, _ body: [UInt8], _ message: String,
        status: Int = 400, code: String = "malformed_body", headers: String = ""
    ) -> Malformed {
        var head = "POST \(path) HTTP/1.1\r\nHost: a\r\n\(headers)Content-Length: \(body.count)\r\n"
        if let type { head += "Content-Type: \(type)\r\n" }
        return Malformed(
            name: name, bytes: Array((head + "\r\n").utf8) + body, status: status, code: code, message: message)
    }

    static func body(
        _ name: String, _ path: String, type: String?, _ text: String, _ message: String,
        status: Int = 400, code: String = "malformed_body", headers: String = ""
    ) -> Malformed {
        body(name, path, type: type, Array(text.utf8), message, status: status, code: code, headers: headers)
    }
}
