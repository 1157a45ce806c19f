internal import Foundation

/// Where the server is: `http://host:port`, or just `host:port`.
package struct ServerAddress: Sendable, Equatable {
    package var host: String
    package var port: Int

    /// - Throws: for TLS, and for what is no address.
    package init(_ text: String) throws(BenchError) {
        guard !text.hasPrefix("https://") else { throw BenchError("only http:// can be measured, not TLS") }
        guard let parts = URLComponents(string: text.contains("://") ? text : "http://\(text)"),
            parts.scheme == "http", let host = parts.host, !host.isEmpty, parts.path.isEmpty || parts.path == "/"
        else { throw BenchError("\"\(text)\" is no address like http://127.0.0.1:8080") }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = parts.port ?? 80
    }

    /// As the `Host` header has it.
    package var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
