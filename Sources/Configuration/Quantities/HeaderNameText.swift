/// Names of header fields that routes look at.
enum HeaderNameText {
    /// Fields that hold secrets: nothing is told apart by them, so that nothing can be found out about them.
    private static let secret: Set<String> = ["authorization", "proxy-authorization", "cookie"]

    static let type = ValueType<String>.parsed(
        "the name of a header field", example: "x-tenant", parse: parse)

    /// The name in lower case; `nil` where it can't be one (RFC 9110, section 5.1), or is one of a secret's.
    static func parse(_ text: String) -> String? {
        let name = text.lowercased()
        let isName =
            name.utf8.count <= 64
            && name.utf8.allSatisfy { $0.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains($0) }
        return isName && !secret.contains(name) ? name : nil
    }
}
