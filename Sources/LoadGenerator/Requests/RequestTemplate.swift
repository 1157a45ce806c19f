package import NIOHTTP1

/// The one request that a run sends again and again.
package struct RequestTemplate: Sendable {
    package var path: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(path: String, headers: [(name: String, value: String)], body: [UInt8]) {
        self.path = path
        self.headers = headers
        self.body = body
    }

    /// The head as it goes out, with the lengths and the host.
    package func head(host: String) -> HTTPRequestHead {
        var fields = HTTPHeaders([("Host", host), ("Content-Length", String(body.count))])
        for header in headers { fields.replaceOrAdd(name: header.name, value: header.value) }
        return HTTPRequestHead(version: .http1_1, method: .POST, uri: path, headers: fields)
    }
}
