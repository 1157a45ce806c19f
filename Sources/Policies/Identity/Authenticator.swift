package import Configuration
package import Tensors

/// Tells from what a caller shows who is asking.
///
/// A key is looked up by its digest, never compared as text: how long that takes says nothing about how much of a
/// guessed key is right. Keys and tokens are neither kept nor shown; errors and logs hold no part of one.
package final class Authenticator: Sendable {
    /// Whom a key belongs to.
    package struct Entry: Sendable {
        package var principal: Principal
        /// Seconds since 1970 from which on the key is refused.
        package var expires: Int64?

        package init(principal: Principal, expires: Int64? = nil) {
            self.principal = principal
            self.expires = expires
        }
    }

    /// Keys longer than this many bytes are refused unread.
    package static let maximumKeyLength = 512
    /// What precedes a key or token in the `authorization` header (RFC 6750, section 2.1).
    private static let scheme = Array("bearer".utf8)

    /// The header that carries the key, in lower case.
    package let header: String
    /// Whether the header is `authorization`, where a scheme precedes the key.
    private let isBearer: Bool
    private let keys: KeyTable
    private let certificates: [String: Principal]
    private let tokens: TokenVerifier?
    private let refusals: Refusals
    /// All that any route takes.
    let kinds: IdentityKinds

    /// - Parameters:
    ///   - certificates: whose name in a certificate is whose.
    ///   - kinds: all that any route takes; messages speak of them.
    package init(
        header: String, keys: KeyTable, certificates: [String: Principal] = [:], tokens: TokenVerifier? = nil,
        kinds: IdentityKinds = .apiKeys
    ) {
        self.header = header
        self.isBearer = header == AuthConfiguration.standardHeader
        self.keys = keys
        self.certificates = certificates
        self.tokens = tokens
        self.kinds = kinds
        self.refusals = Refusals(kinds: kinds, header: header)
    }

    /// The `WWW-Authenticate` value that RFC 9110, section 15.5.2, asks of every 401.
    package var challenge: String { refusals.challenge }

    // MARK: Reading

    /// Reads what a request shows. The first of these that is there counts: the header with keys, a token in
    /// `authorization`, the certificate of the connection.
    package func read(_ shown: ShownCredentials) -> Credentials {
        Credentials(proof(of: shown), peer: shown.peer, listener: shown.listener)
    }

    private func proof(of shown: ShownCredentials) -> Credentials.Proof {
        if let value = shown.key { return proof(value, isBearer: isBearer) }
        if tokens != nil, let value = shown.authorization { return proof(value, isBearer: true) }
        guard let names = shown.peer.certificate?.names else { return .absent }
        return names.first { certificates[$0] != nil }.map(Credentials.Proof.certificate) ?? .absent
    }

    private func proof(_ value: String, isBearer: Bool) -> Credentials.Proof {
        let longest = tokens == nil ? Self.maximumKeyLength : PresentedToken.maximumLength
        guard value.utf8.count <= longest + 16 else { return .tooLong }
        let bytes = value.utf8.span
        guard let place = Self.place(ofSecretIn: bytes, isBearer: isBearer), !place.isEmpty else { return .absent }
        let text = bytes.extracting(place)
        if tokens != nil, PresentedToken.resembles(text) {
            return text.count <= PresentedToken.maximumLength ? .token(PresentedToken(text)) : .tooLong
        }
        return text.count <= Self.maximumKeyLength ? .key(keys.presented(text)) : .tooLong
    }

    /// Where the key is in a header value; `nil` where the value isn't of the `Bearer` scheme but has to be.
    private static func place(ofSecretIn value: Span<UInt8>, isBearer: Bool) -> Range<Int>? {
        var start = 0
        var end = value.count
        while end > start, isBlank(value[end - 1]) { end -= 1 }
        if isBearer {
            guard end >= scheme.count else { return nil }
            // Schemes don't mind case (RFC 9110, section 11.1); `| 0x20` makes ASCII letters small.
            for index in 0..<scheme.count where value[index] | 0x20 != scheme[index] { return nil }
            start = scheme.count
            guard start == end || isBlank(value[start]) else { return nil }
        }
        while start < end, isBlank(value[start]) { start += 1 }
        return start..<end
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    // MARK: Deciding

    /// Says who it is.
    ///
    /// - Parameters:
    ///   - kinds: what is taken here.
    ///   - nowSeconds: seconds since 1970.
    /// - Throws: `unauthenticated`: nothing shown, or nothing that holds.
    package func authenticate(
        _ proof: Credentials.Proof, kinds: IdentityKinds, nowSeconds: Int64
    ) throws(SluiceError) -> Principal {
        switch proof {
        case .absent: throw refusals.missing
        case .tooLong: throw refusals.unknownKey
        case .key(let key):
            guard kinds.contains(.apiKeys) else { throw refusals.notTaken }
            guard let entry = keys.entry(of: key) else { throw refusals.unknownKey }
            if let expires = entry.expires, nowSeconds >= expires { throw refusals.expiredKey }
            return entry.principal
        case .token(let token):
            guard kinds.contains(.tokens), let tokens else { throw refusals.notTaken }
            return try tokens.principal(of: token, nowSeconds: nowSeconds)
        case .certificate(let name):
            guard kinds.contains(.certificates), let principal = certificates[name] else { throw refusals.missing }
            return principal
        }
    }
}
