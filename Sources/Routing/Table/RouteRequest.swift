/// What routes look at in a request before its body is there.
package struct RouteRequest: Sendable {
    /// The public model name; `nil` where the request names none.
    package var model: String?
    /// The `Content-Type` value as received; `nil` where it is absent.
    package var contentType: String?
    /// The path without its query, decoded; for gRPC its method.
    package var path: String
    /// Those header fields that any route looks at, by their names in lower case.
    package var fields: [String: String]

    package init(
        model: String?, contentType: String? = nil, path: String = "", fields: [String: String] = [:]
    ) {
        self.model = model
        self.contentType = contentType
        self.path = path
        self.fields = fields
    }
}
