/// What a caller showed of a key: all that is kept of it is the digest under which it is looked up.
package enum PresentedKey: Sendable {
    /// No key, or not where one is looked for.
    case absent
    /// Longer than any key: not even looked at.
    case tooLong
    case key(KeyDigest)
}
