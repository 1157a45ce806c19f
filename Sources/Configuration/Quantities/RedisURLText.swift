/// Where a Redis server is: `redis://HOST:PORT/DATABASE`, the port and the database being optional; `rediss://` by TLS.
struct RedisURLText: Sendable, Equatable {
    var isSecure = false
    var host: String
    var port = 6379
    var database = 0

    static let type = ValueType<RedisURLText>("a redis:// address", example: "redis://127.0.0.1:6379/0") {
        node, what, reading in
        let text = ValueType<String>.text("a redis:// address", example: "redis://127.0.0.1:6379/0")
        guard let written = text.read(node, what, reading) else { return nil }
        // It may hold a password, which no message may repeat.
        if written.contains("@") {
            reading.error(
                "\(what) holds a user or a password", at: node.span, "write username: and password: env:NAME beside it")
            return nil
        }
        if let url = parse(written) { return url }
        reading.error(
            "\(what): \(quoted(written)) is not a redis:// address", at: node.span,
            "write e.g. redis://127.0.0.1:6379/0")
        return nil
    }

    static func parse(_ text: String) -> RedisURLText? {
        let isSecure = text.hasPrefix("rediss://")
        let scheme = isSecure ? "rediss://" : "redis://"
        guard text.hasPrefix(scheme) else { return nil }
        let parts = text.dropFirst(scheme.count).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let authority = parts.first, !authority.isEmpty else { return nil }
        let hasPort = authority.hasPrefix("[") ? authority.contains("]:") : authority.contains(":")
        guard let address = try? AddressText(hasPort ? String(authority) : "\(authority):6379"), address.port > 0 else {
            return nil
        }
        var url = RedisURLText(isSecure: isSecure, host: address.host, port: address.port)
        if parts.count == 2, !parts[1].isEmpty {
            guard let database = Int(parts[1]), (0...1_023).contains(database) else { return nil }
            url.database = database
        }
        return url
    }
}
