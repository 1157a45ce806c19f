/// The origin of a web page as browsers send it (RFC 6454, section 6.2): scheme, host, and a port that isn't the scheme's.
enum OriginText {
    /// The origin in lower case, or `*`; `nil` where the text is neither.
    static func parse(_ text: String) -> String? {
        if text == "*" { return text }
        let parts = text.lowercased().split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, isWord(parts[0], besides: "+-."), parts[1].hasPrefix("//"),
            isWord(parts[1].dropFirst(2), besides: ".-_:[]")
        else { return nil }
        return "\(parts[0]):\(parts[1])"
    }

    private static func isWord(_ text: Substring, besides others: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0.isLetterOrDigit || others.utf8.contains($0) }
    }
}
