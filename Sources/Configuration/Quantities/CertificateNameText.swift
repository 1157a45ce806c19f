/// A name in a client's certificate: its kind, a colon, and the name itself.
enum CertificateNameText {
    private static let kinds = ["dns", "uri", "email", "cn"]

    /// The name with its kind; `nil` where the text is none.
    static func parse(_ text: String) -> String? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, kinds.contains(String(parts[0])), !parts[1].isEmpty, parts[1].utf8.count <= 1024,
            parts[1].utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        return text
    }
}
