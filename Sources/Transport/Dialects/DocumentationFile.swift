internal import CDocumentation
internal import Codecs

/// A file of the documentation that the gateway itself serves; they are compiled into the program.
enum DocumentationFile: String, CaseIterable {
    case openAPI = "openapi.json"
    case page = "page.html"
    case script = "page.js"
    case style = "page.css"

    var bytes: [UInt8] {
        var size = 0
        // The text is constant, and `size` bytes long.
        guard let text = unsafe documentation_file(rawValue, &size) else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: text, count: size))
    }

    var mediaType: String {
        switch self {
        case .openAPI: "application/json"
        case .page: "text/html; charset=utf-8"
        case .script: "text/javascript; charset=utf-8"
        case .style: "text/css; charset=utf-8"
        }
    }

    /// The response that serves the file.
    var response: HTTPResponse {
        var response = HTTPResponse(mediaType: mediaType, body: [.bytes(bytes)])
        // The page gets everything from here, and nobody else may put it in a frame.
        response.fields = [
            (
                "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; "
                    + "base-uri 'none'; form-action 'none'"
            ),
            ("x-content-type-options", "nosniff"), ("cache-control", "no-cache"),
        ]
        return response
    }
}
