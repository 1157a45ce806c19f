/// Requests that aren't HTTP, or that two readers could read differently.
extension HostileTests {
    private static let notHTTP = "this is not a well-formed HTTP/1.1 request"
    private static let badField = "a header field of the request is malformed"
    private static let badLength = "Content-Length is malformed or contradicts another field"
    private static let badCoding = "Transfer-Encoding can only be chunked, and only once"
    private static let badChunk = "the request's chunked body is malformed"
    private static let oneHost = "a request has exactly one Host header field"
    private static let badHost = "the header field Host is no host and port"
    private static let phantom = "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST /v1/infer/any HTTP/1.1\r\nHost: a\r\n"
    private static let get = "GET /v2 HTTP/1.1\r\nHost: a\r\n"

    /// The request line.
    static let headTable: [Malformed] = [
        .http("a line of garbage", "hello world\r\n\r\n", "the request's method is unknown"),
        .http("bytes above ASCII", "\u{e9}\u{e9}\u{e9} / HTTP/1.1\r\n\r\n", "the request's method is unknown"),
        .http("a method that nobody knows", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "the request's method is unknown"),
        .http("a method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "the request's method is unknown"),
        .http("a space before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "the request's method is unknown"),
        .http("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", "the request's target is malformed"),
        .http("no version", "GET /v2\r\nHost: a\r\n\r\n", "only HTTP/1.0 and HTTP/1.1"),
        .http("HTTP/2.0", "GET /v2 HTTP/2.0\r\nHost: a\r\n\r\n", "only HTTP/1.0 and HTTP/1.1"),
        .http("HTTP/1.2", "GET /v2 HTTP/1.2\r\nHost: a\r\n\r\n", "only HTTP/1.0 and HTTP/1.1"),
        .http("HTTP/0.9", "GET /v2 HTTP/0.9\r\nHost: a\r\n\r\n", "only HTTP/1.0 and HTTP/1.1"),
        .http("HTTP/11", "GET /v2 HTTP/11\r\nHost: a\r\n\r\n", "only HTTP/1.0 and HTTP/1.1"),
        .http("another protocol", "GET /v2 ICY/1.1\r\nHost: a\r\n\r\n", notHTTP),
        .http("text behind the version", "GET /v2 HTTP/1.1 x\r\nHost: a\r\n\r\n", "only HTTP/1.0 and HTTP/1.1"),
        .http("a tab in the line", "GET\t/v2 HTTP/1.1\r\nHost: a\r\n\r\n", "the request's method is unknown"),
        .http("a control character in the target", "GET /v\u{1}2 HTTP/1.1\r\nHost: a\r\n\r\n", "target is malformed"),
        .http("NUL in the target", "GET /v2/models/a\0b HTTP/1.1\r\nHost: a\r\n\r\n", "target is malformed"),
        .http("a bare CR in the line", "GET /v2\rHTTP/1.1\r\nHost: a\r\n\r\n", "malformed"),
        .http("a request line that ends in LF", "GET /v2 HTTP/1.1\nHost: a\r\n\r\n", "only HTTP/1.0 and HTTP/1.1"),
        .http(
            "a proxy's tunnel", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "there is nothing at this path",
            status: 404, code: "not_found", closes: false),
        .http(
            "the asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "there is nothing at this path",
            status: 404, code: "not_found", closes: false),
        .http(
            "a method that isn't taken here", "DELETE /v1/models HTTP/1.1\r\nHost: a\r\n\r\n",
            "/v1/models takes GET, HEAD, not DELETE", status: 405, code: "method_not_allowed", closes: false),
        .http(
            "HEAD of what takes POST", "HEAD /v1/infer/any HTTP/1.1\r\nHost: a\r\n\r\n", "",
            status: 405, code: "method_not_allowed", closes: false),
        .http(
            "GET of what takes POST", "GET /v2/models/any/infer HTTP/1.1\r\nHost: a\r\n\r\n",
            "/v2/models/any/infer takes POST, not GET", status: 405, code: "method_not_allowed", closes: false),
    ]

    /// Where a request ends: whatever two readers could see differently.
    static let framingTable: [Malformed] = [
        .http(
            "length and chunks", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + phantom,
            notHTTP),
        .http(
            "chunks and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + phantom,
            badLength),
        .http("two lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n[[1]] " + phantom, badLength),
        .http("one length twice", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n[[1]]" + phantom, badLength),
        .http("a list of lengths", post + "Content-Length: 5, 5\r\n\r\n[[1]]" + phantom, badLength),
        .http("a negative length", post + "Content-Length: -1\r\n\r\n" + phantom, badLength),
        .http("a length with a sign", post + "Content-Length: +5\r\n\r\n[[1]]" + phantom, badLength),
        .http("a length in hexadecimal", post + "Content-Length: 0x5\r\n\r\n[[1]]" + phantom, badLength),
        .http("a length with a space inside", post + "Content-Length: 1 0\r\n\r\n[[1]]" + phantom, badLength),
        .http("an empty length", post + "Content-Length: \r\n\r\n" + phantom, badLength),
        .http("a length in words", post + "Content-Length: five\r\n\r\n[[1]]" + phantom, badLength),
        .http("a length beyond 64 bits", post + "Content-Length: 18446744073709551616\r\n\r\n" + phantom, badLength),
        .http(
            "a length beyond 63 bits", post + "Content-Length: 9223372036854775808\r\n\r\n",
            "Content-Length is no number of bytes that there can be"),
        .http("a length of all nines", post + "Content-Length: 99999999999999999999999999\r\n\r\n", badLength),
        .http(
            "a terabyte", post + "Content-Length: 1099511627776\r\n\r\n", "the body is larger than the 67108864 bytes",
            status: 413, code: "payload_too_large"),
        .http("gzip, then chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + phantom, badCoding),
        .http(
            "gzip and chunked in two fields",
            post + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + phantom, badCoding),
        .http("chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + phantom, notHTTP),
        .http(
            "chunked in two fields",
            post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + phantom, notHTTP),
        .http("chunked, then gzip", post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + phantom, notHTTP),
        .http(
            "chunked with a parameter", post + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n" + phantom, badCoding),
        .http(
            "a coding that looks like chunked", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + phantom,
            badCoding),
        .http(
            "chunked with a vertical tab", post + "Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n" + phantom,
            "malformed"),
        .http("identity", post + "Transfer-Encoding: identity\r\n\r\n" + phantom, badCoding),
        .http("an empty coding", post + "Transfer-Encoding: \r\n\r\n" + phantom, badCoding),
        .http("a space before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + phantom, badField),
        .http("a space before the length's colon", post + "Content-Length : 5\r\n\r\n[[1]]" + phantom, badField),
        .http("a folded coding", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + phantom, "malformed"),
        .http("a folded field", get + "X-Folded: a\r\n b\r\n\r\n", "malformed"),
        .http("a field folded by a tab", get + "X-Folded: a\r\n\tb\r\n\r\n", "malformed"),
        .http("a field before all others that is folded", "GET /v2 HTTP/1.1\r\n Host: a\r\n\r\n", "malformed"),
        .http(
            "chunks in HTTP/1.0",
            "POST /v1/infer/any HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n"
                + phantom,
            "HTTP/1.0 has no Transfer-Encoding"),
        .http(
            "a chunk size in letters", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n[[1]]\r\n0\r\n\r\n", badChunk),
        .http("a negative chunk size", post + "Transfer-Encoding: chunked\r\n\r\n-5\r\n[[1]]\r\n0\r\n\r\n", badChunk),
        .http("a chunk size with 0x", post + "Transfer-Encoding: chunked\r\n\r\n0x5\r\n[[1]]\r\n0\r\n\r\n", badChunk),
        .http(
            "a chunk size with a sign", post + "Transfer-Encoding: chunked\r\n\r\n+5\r\n[[1]]\r\n0\r\n\r\n", badChunk),
        .http(
            "a chunk size beyond 64 bits",
            post + "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\n[[1]]\r\n0\r\n\r\n", badChunk),
        .http("an empty chunk size", post + "Transfer-Encoding: chunked\r\n\r\n\r\n[[1]]\r\n0\r\n\r\n", badChunk),
        .http(
            "a space before the chunk size", post + "Transfer-Encoding: chunked\r\n\r\n 5\r\n[[1]]\r\n0\r\n\r\n",
            badChunk),
        .http(
            "a space behind the chunk size", post + "Transfer-Encoding: chunked\r\n\r\n5 \r\n[[1]]\r\n0\r\n\r\n",
            "malformed"),
        .http(
            "a chunk size line that ends in LF", post + "Transfer-Encoding: chunked\r\n\r\n5\n[[1]]\r\n0\r\n\r\n",
            notHTTP),
        .http(
            "a chunk longer than its size", post + "Transfer-Encoding: chunked\r\n\r\n4\r\n[[1]]\r\n0\r\n\r\n", notHTTP),
        .http("a chunk without its CRLF", post + "Transfer-Encoding: chunked\r\n\r\n5\r\n[[1]]0\r\n\r\n", notHTTP),
        .http("a chunk that ends in LF", post + "Transfer-Encoding: chunked\r\n\r\n5\r\n[[1]]\n0\r\n\r\n", notHTTP),
        .http(
            "a chunk extension with a control character",
            post + "Transfer-Encoding: chunked\r\n\r\n5;a=\u{1}\r\n[[1]]\r\n0\r\n\r\n", notHTTP),
        .http(
            "a chunk extension with LF in it",
            post + "Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\n[[1]]\r\n0\r\n\r\n", notHTTP),
        .http(
            "a bad trailer", post + "Transfer-Encoding: chunked\r\n\r\n5\r\n[[1]]\r\n0\r\nno colon\r\n\r\n", "malformed"
        ),
        .http(
            "phantoms behind a refusal that closes", get + "Host: b\r\nConnection: close\r\n\r\n" + phantom + phantom,
            oneHost),
        .http(
            "phantoms behind what isn't there",
            "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + phantom + phantom,
            "there is nothing at this path", status: 404, code: "not_found"),
        .http(
            "garbage behind a request", "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\0\0\0garbage",
            "there is nothing at this path", status: 404, code: "not_found"),
        .http(
            "a chunked body above a small max_body",
            post + "Transfer-Encoding: chunked\r\n\r\n500\r\n" + String(repeating: "1", count: 1280) + "\r\n0\r\n\r\n"
                + phantom,
            "the body is larger than the 1024 bytes", status: 413, code: "payload_too_large", listener: "tight"),
        .http(
            "a length just above a small max_body", post + "Content-Length: 1025\r\n\r\n",
            "the body is larger than the 1024 bytes", status: 413, code: "payload_too_large", closes: false,
            listener: "tight"),
        .http(
            "a length far above a small max_body", post + "Content-Length: 300000\r\n\r\n" + phantom,
            "the body is larger than the 1024 bytes", status: 413, code: "payload_too_large", listener: "tight"),
        .http(
            "an absurd length above a small max_body", post + "Content-Length: 9223372036854775807\r\n\r\n" + phantom,
            "the body is larger than the 1024 bytes", status: 413, code: "payload_too_large", listener: "tight"),
    ]

    /// Header fields.
    static let headerTable: [Malformed] = [
        .http("no Host", "GET /v2 HTTP/1.1\r\n\r\n", oneHost),
        .http("two Hosts", get + "Host: b\r\n\r\n", oneHost),
        .http("a Host with a path", "GET /v2 HTTP/1.1\r\nHost: a/b\r\n\r\n", badHost),
        .http("a Host with a user", "GET /v2 HTTP/1.1\r\nHost: b@a\r\n\r\n", badHost),
        .http("a Host with a space", "GET /v2 HTTP/1.1\r\nHost: a b\r\n\r\n", badHost),
        .http("a list of Hosts", "GET /v2 HTTP/1.1\r\nHost: a, b\r\n\r\n", badHost),
        .http("a field without a colon", get + "nothing\r\n\r\n", badField),
        .http("a field without a name", get + ": value\r\n\r\n", badField),
        .http("a space in a name", get + "X Y: z\r\n\r\n", badField),
        .http("a tab in a name", get + "X\tY: z\r\n\r\n", badField),
        .http("NUL in a name", get + "X\0Y: z\r\n\r\n", badField),
        .http("a bracket in a name", get + "X[1]: z\r\n\r\n", badField),
        .http("a letter above ASCII in a name", get + "X\u{e9}: z\r\n\r\n", badField),
        .http("NUL in a value", get + "X: a\0b\r\n\r\n", badField),
        .http("a control character in a value", get + "X: a\u{1}b\r\n\r\n", badField),
        .http("DEL in a value", get + "X: a\u{7f}b\r\n\r\n", badField),
        .http("a bare CR in a value", get + "X: a\rb\r\n\r\n", notHTTP),
        .http("a bare LF in a value", get + "X: a\nX-Smuggled: b\r\n\r\n", notHTTP),
        .http("fields that end in LF", "GET /v2 HTTP/1.1\r\nHost: a\nX: b\n\n", notHTTP),
        .http("an empty line of LF alone", "GET /v2 HTTP/1.1\r\nHost: a\r\n\n", "malformed"),
        .http("an empty line with CR alone", "GET /v2 HTTP/1.1\r\nHost: a\r\n\rX", notHTTP),
        .http(
            "a huge field", get + "X: \(String(repeating: "x", count: 40_000))\r\n\r\n", "headers are too large",
            status: 431, code: "headers_too_large"),
        .http(
            "a huge name", get + "\(String(repeating: "x", count: 40_000)): x\r\n\r\n", "headers are too large",
            status: 431, code: "headers_too_large"),
        .http(
            "many fields", get + (0..<300).map { "X-\($0): y\r\n" }.joined() + "\r\n",
            "headers are too large or too many",
            status: 431, code: "headers_too_large"),
        .http(
            "fields above a small limit",
            get + (0..<30).map { "X-\($0): \(String(repeating: "y", count: 100))\r\n" }.joined()
                + "\r\n", "the request's headers are larger than 2048 bytes", status: 431, code: "headers_too_large",
            closes: false, listener: "tight"),
        .http(
            "one field above a small limit", get + "X: \(String(repeating: "y", count: 3000))\r\n\r\n",
            "the request's headers are larger than 2048 bytes", status: 431, code: "headers_too_large", closes: false,
            listener: "tight"
        ),
        .http(
            "an expectation that can't be met", post + "Expect: 200-ok\r\nContent-Length: 5\r\n\r\n[[1]]",
            "only \"Expect: 100-continue\" can be met", status: 417, code: "expectation_failed", closes: false),
        .http(
            "Content-Type twice",
            post + "Content-Type: text/csv\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n[[1]]",
            "the header field Content-Type is given twice"),
        .http(
            "Sluice-Shape twice", post + "Sluice-Shape: 1\r\nSluice-Shape: 2\r\nContent-Length: 4\r\n\r\n[1] ",
            "the header field Sluice-Shape is given twice"),
        .http(
            "a compression that is unknown", post + "Content-Encoding: br\r\nContent-Length: 5\r\n\r\n[[1]]",
            "the content encoding \"br\" isn't supported", status: 415, code: "unsupported_media_type", closes: false),
        .http(
            "two content encodings", post + "Content-Encoding: identity, br\r\nContent-Length: 5\r\n\r\n[[1]]",
            "the content encoding \"identity, br\" isn't supported", status: 415, code: "unsupported_media_type",
            closes: false),
        .http(
            "an Accept of nothing that there is", post + "Accept: image/png\r\nContent-Length: 5\r\n\r\n[[1]]",
            "image/png",
            status: 406, code: "not_acceptable", closes: false),
        .http("an Accept that is none", post + "Accept: nonsense\r\nContent-Length: 5\r\n\r\n[[1]]", "Accept"),
        .http(
            "an Accept with a weight above 1", post + "Accept: text/csv;q=2\r\nContent-Length: 5\r\n\r\n[[1]]", "Accept"
        ),
        .http(
            "a Content-Type that is none", post + "Content-Type: nonsense\r\nContent-Length: 5\r\n\r\n[[1]]",
            "Content-Type",
            closes: false),
        .http(
            "a media type that isn't read", post + "Content-Type: application/gzip\r\nContent-Length: 5\r\n\r\n[[1]]",
            "application/gzip",
            status: 415, code: "unsupported_media_type", closes: false),
        .http(
            "a picture for a model that takes none",
            post + "Content-Type: image/png\r\nContent-Length: 5\r\n\r\n[[1]]", "takes no pictures",
            status: 415, code: "unsupported_media_type", closes: false),
        .http(
            "a charset that isn't read",
            post + "Content-Type: text/csv; charset=koi8-r\r\nContent-Length: 5\r\n\r\n[[1]]",
            "koi8-r", status: 415, code: "unsupported_media_type", closes: false),
    ]

    /// Targets: paths and queries.
    static let targetTable: [Malformed] = [
        path("nothing there", "/v3", "there is nothing at this path", 404, "not_found"),
        path("a path above the root", "/../../etc/passwd", "there is nothing at this path", 404, "not_found"),
        path(
            "a name above its folder", "/v1/models/../../etc/passwd", "unknown model: '../../etc/passwd'", 404,
            "model_not_found"),
        path(
            "an encoded way up", "/v1/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "unknown model: '../../etc/passwd'", 404,
            "model_not_found"),
        path(
            "an encoded way up under /v2", "/v2/models/..%2f..%2fetc/ready", "unknown model: '../../etc'", 404,
            "model_not_found"),
        path("NUL in a model's name", "/v1/models/echo%00", "badly percent-encoded"),
        path("a line break in a name", "/v1/models/a%0d%0aSet-Cookie:x", "badly percent-encoded"),
        path("a broken escape", "/v1/models/%zz", "badly percent-encoded"),
        path("an escape cut short", "/v1/models/any%2", "badly percent-encoded"),
        path("an escape that isn't UTF-8", "/v1/models/%ff%fe", "badly percent-encoded"),
        path("an overlong escape", "/v1/models/%c0%af", "badly percent-encoded"),
        path("no name", "/v1/models//", "unknown model: '/'", 404, "model_not_found"),
        path("an empty segment under /v2", "/v2/models//ready", "there is nothing at this path", 404, "not_found"),
        path("no name under /v2", "/v2/models/", "there is nothing at this path", 404, "not_found"),
        path("a name that is too long", "/v1/models/" + String(repeating: "n", count: 300), "too long"),
        path("a version that isn't there", "/v2/models/any/versions/7", "version", 404, "model_not_found"),
        path("an empty version", "/v2/models/any/versions//ready", "the model name in the path is empty"),
        path("a version with NUL", "/v2/models/any/versions/%00", "badly percent-encoded"),
        path(
            "a target of many kilobytes", "/v1/models/" + String(repeating: "a/", count: 5000),
            "longer than 8192 bytes",
            414, "uri_too_long"),
        path(
            "a query of many kilobytes", "/v2?" + String(repeating: "a", count: 9000), "longer than 8192 bytes", 414,
            "uri_too_long"),
        query("an unknown parameter", "modle=x", "unknown query parameter \"modle\""),
        query("a parameter twice", "outputs=a&outputs=b", "the query parameter \"outputs\" is given twice"),
        query("a broken escape in the query", "outputs=%g1", "the query is badly percent-encoded"),
        query("NUL in the query", "outputs=%00", "the query is badly percent-encoded"),
        query("a model twice", "model=any", "named both in the path and in the query"),
        query("an output that isn't there", "outputs=nothing", "the model has no output \"nothing\""),
        .http(
            "a model in the query that isn't there",
            "POST /v1/infer?model=none HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n[[1]]", "unknown model: 'none'",
            status: 404,
            code: "model_not_found", closes: false),
        .http(
            "no model at all", "POST /v1/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n[[1]]", "name",
            status: 404,
            code: "not_found", closes: false),
        .http(
            "a letter above ASCII in the target", "GET /v1/models/\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n",
            "target is malformed"),
        .http(
            "a fragment", "GET /v2#x HTTP/1.1\r\nHost: a\r\n\r\n", "there is nothing at this path", status: 404,
            code: "not_found", closes: false),
        .http("a target without a slash", "GET v2 HTTP/1.1\r\nHost: a\r\n\r\n", "the request's target is malformed"),
        .http(
            "an absolute target without a host", "GET http:///v2 HTTP/1.1\r\nHost: a\r\n\r\n",
            "the request's target is malformed"),
        .http(
            "another scheme", "GET ftp://a/v2 HTTP/1.1\r\nHost: a\r\n\r\n", "there is nothing at this path",
            status: 404,
            code: "not_found", closes: false),
    ]

    private static func path(
        _ name: String, _ path: String, _ message: String, _ status: Int = 400, _ code: String = "malformed_request"
    ) -> Malformed {
        .http(name, "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n", message, status: status, code: code, closes: false)
    }

    private static func query(_ name: String, _ query: String, _ message: String) -> Malformed {
        .http(
            name, "POST /v1/infer/any?\(query) HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n[[1]]", message,
            code: "invalid_parameter", closes: false)
    }
}
