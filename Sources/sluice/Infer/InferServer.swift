internal import ArgumentParser
internal import Foundation

/// Where the gateway is: `http://host:port`, `https://…`, with a path in front of its own where it stands behind one.
struct InferServer: Sendable, Equatable {
    var host: String
    var port: Int
    var isSecure: Bool
    /// Without a slash at its end.
    var prefix: String

    init(_ text: String) throws {
        guard let parts = URLComponents(string: text.contains("://") ? text : "http://\(text)"),
            let scheme = parts.scheme, ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty,
            parts.query == nil, parts.fragment == nil, parts.user == nil
        else { throw ValidationError("--url \(text): write e.g. http://127.0.0.1:8080 or https://ml.example.com/gate") }
        isSecure = scheme == "https"
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? (isSecure ? 443 : 80)
        prefix = parts.percentEncodedPath
        while prefix.hasSuffix("/") { prefix.removeLast() }
    }

    /// As the `Host` header has it.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}
