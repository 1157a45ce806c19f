/// A token as it came in, and the digest under which it is known once it was checked.
///
/// Printing or interpolating the value shows nothing of it.
package final class PresentedToken: Sendable {
    /// Tokens longer than this many bytes are refused unread.
    package static let maximumLength = 8 << 10

    let text: [UInt8]
    let digest: KeyDigest

    init(_ text: [UInt8]) {
        self.text = text
        digest = KeyDigest(of: text)
    }

    /// Whether a secret is meant for a token: two dots, and a start that is `{"` in base64url.
    static func resembles(_ text: [UInt8]) -> Bool {
        text.starts(with: Array("eyJ".utf8)) && text.reduce(0) { $0 + ($1 == UInt8(ascii: ".") ? 1 : 0) } == 2
    }
}

extension PresentedToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "a token" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
