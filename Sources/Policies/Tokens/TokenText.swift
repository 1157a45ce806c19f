internal import Configuration

/// A token taken apart (RFC 7515, section 3.1); nothing in it is believed yet.
struct TokenText {
    /// `nil` for `none` and for whatever else is no algorithm.
    let algorithm: TokenAlgorithm?
    let keyID: String?
    let claims: Claims
    /// What was signed.
    let signed: ArraySlice<UInt8>
    let signature: [UInt8]

    private static let longestKeyID = 256

    init(_ text: [UInt8]) throws(TokenFault) {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64URL.decode(parts[0]), let body = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .malformed }
        let header: Claims
        do {
            header = try ClaimsReader.read(head)
            claims = try ClaimsReader.read(body)
        } catch {
            throw .malformed
        }
        guard let word = header.members["alg"]?.text else { throw .malformed }
        algorithm = TokenAlgorithm(rawValue: word)
        // What must be understood and isn't; compression, which is not for these.
        guard header.members["crit"] == nil, header.members["zip"] == nil else { throw .malformed }
        // Tokens that say what they are for are for nothing else (RFC 8725, section 3.11).
        if let type = header.members["typ"] {
            guard let type = type.text?.lowercased(),
                ["jwt", "at+jwt", "application/jwt", "application/at+jwt"].contains(type)
            else { throw .malformed }
        }
        if let id = header.members["kid"] {
            guard let id = id.text, id.utf8.count <= Self.longestKeyID else { throw .malformed }
            keyID = id
        } else {
            keyID = nil
        }
        self.signature = signature
        signed = text[..<parts[2].startIndex.advanced(by: -1)]
    }
}
