/// A token as it came in, and the digest under which it is known once it was checked.
///
/// Printing or interpolating the value shows nothing of it.
package final class PresentedToken: Sendable {
    /// Tokens longer than this many bytes are refused unread.
    package static let maximumLength = 8 << 10

    let text: [UInt8]
    let digest: KeyDigest

    init(_ text: Span<UInt8>) {
        self.text = text.indices.map { text[$0] }
        digest = KeyDigest(of: text)
    }

    /// Whether a secret is meant for a token: two dots, and a start that is `{"` in base64url.
    static func resembles(_ text: Span<UInt8>) -> Bool {
        guard text.count > 3, text[0] == UInt8(ascii: "e"), text[1] == UInt8(ascii: "y"), text[2] == UInt8(ascii: "J")
        else { return false }
        return text.indices.count { text[$0] == UInt8(ascii: ".") } == 2
    }
}

extension PresentedToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "a token" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
