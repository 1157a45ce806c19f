/// What is kept of a key that a caller showed: the digests under which it is looked up, and who is said to have it.
package struct PresentedKey: Sendable {
    /// SHA-256; `nil` where the file has no such hashes.
    let plain: KeyDigest?
    /// HMAC-SHA-256 with the file's pepper; `nil` where the file has no such hashes.
    let peppered: KeyDigest?
    /// What is behind `slk_` in keys of our making, and the first characters of others, as a number: enough to tell which
    /// key is being guessed, and nothing to guess by.
    let family: UInt64
}
