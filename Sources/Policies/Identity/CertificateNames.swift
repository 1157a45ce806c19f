/// Names that a verified certificate bears, in the place where a key would stand.
///
/// No client can send one: what comes from the network has no NUL in it where keys are read.
package enum CertificateNames {
    private static let mark: UInt8 = 0

    /// The names as one text; `nil` where there are none.
    package static func presented(_ names: [String]) -> String? {
        let clean = names.filter { !$0.utf8.contains(mark) }
        return clean.isEmpty ? nil : clean.map { "\0\($0)" }.joined()
    }

    /// The names in such a text; `nil` for a key.
    static func read(_ text: String) -> [String]? {
        guard text.utf8.first == mark else { return nil }
        return text.utf8.split(separator: mark).map { String(decoding: Array($0), as: UTF8.self) }
    }

    /// What a name is looked up by, among the digests of keys.
    static func digest(of name: String) -> KeyDigest { KeyDigest(of: [mark] + Array(name.utf8)) }
}
