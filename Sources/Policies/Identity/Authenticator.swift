package import Tensors

/// Tells from an API key who is asking.
///
/// A key is looked up by its SHA-256, never compared as text: how long that takes says nothing about how much of a
/// guessed key is right. Keys are neither kept nor shown; errors and logs hold no part of one.
package final class Authenticator: Sendable {
    /// Whom a key belongs to.
    package struct Entry: Sendable {
        package var consumer: Consumer
        /// Seconds since 1970 from which on the key is refused.
        package var expires: Int64?

        package init(consumer: Consumer, expires: Int64? = nil) {
            self.consumer = consumer
            self.expires = expires
        }
    }

    /// Keys longer than this many bytes are refused unread.
    package static let maximumKeyLength = 512
    /// What precedes the key in the `authorization` header (RFC 6750, section 2.1).
    private static let scheme = Array("bearer".utf8)

    /// The header that carries the key, in lower case.
    package let header: String
    /// Whether the header is `authorization`, where a scheme precedes the key.
    private let isBearer: Bool
    private let entries: [KeyDigest: Entry]
    private let missingKey: SluiceError
    private let unknownKey: SluiceError
    private let expiredKey: SluiceError

    package init(header: String, entries: [KeyDigest: Entry]) {
        self.header = header
        self.isBearer = header == "authorization"
        self.entries = entries
        let advice = header == "authorization" ? "as Authorization: Bearer KEY" : "in the header \(header)"
        missingKey = SluiceError(.unauthenticated, "an API key is needed: send it \(advice)")
        unknownKey = SluiceError(.unauthenticated, "this API key is not known here")
        expiredKey = SluiceError(.unauthenticated, "this API key has expired")
    }

    /// The `WWW-Authenticate` value that RFC 9110, section 15.5.2, asks of every 401.
    package var challenge: String {
        header == "authorization" ? "Bearer realm=\"sluice\"" : "ApiKey realm=\"sluice\", header=\"\(header)\""
    }

    /// Reads the value of the key header as received; `nil` where the header is absent.
    package func read(_ headerValue: String?) -> PresentedKey {
        guard let headerValue else { return .absent }
        if let names = CertificateNames.read(headerValue) {
            let known = names.lazy.map(CertificateNames.digest).first { self.entries[$0] != nil }
            return known.map(PresentedKey.key) ?? .absent
        }
        guard headerValue.utf8.count <= Self.maximumKeyLength + 16 else { return .tooLong }
        guard let key = key(in: headerValue), !key.isEmpty else { return .absent }
        return key.count <= Self.maximumKeyLength ? .key(KeyDigest(of: key)) : .tooLong
    }

    /// Says whose key it is.
    ///
    /// - Parameter nowSeconds: seconds since 1970.
    /// - Throws: `unauthenticated`: no key, an unknown key, an expired key.
    package func authenticate(_ key: PresentedKey, nowSeconds: Int64) throws(SluiceError) -> Consumer {
        switch key {
        case .absent: throw missingKey
        case .tooLong: throw unknownKey
        case .key(let digest):
            guard let entry = entries[digest] else { throw unknownKey }
            if let expires = entry.expires, nowSeconds >= expires { throw expiredKey }
            return entry.consumer
        }
    }

    /// Says whose key the value of the key header holds.
    ///
    /// - Throws: `unauthenticated`: no key, an unknown key, an expired key.
    package func authenticate(headerValue: String?, nowSeconds: Int64) throws(SluiceError) -> Consumer {
        try authenticate(read(headerValue), nowSeconds: nowSeconds)
    }

    /// The bytes of the key in a header value; `nil` where the value isn't of the `Bearer` scheme but has to be.
    private func key(in headerValue: String) -> [UInt8]? {
        let value = Array(headerValue.utf8)
        var start = 0
        var end = value.count
        while end > start, Self.isBlank(value[end - 1]) { end -= 1 }
        if isBearer {
            guard end >= Self.scheme.count else { return nil }
            // Schemes don't mind case (RFC 9110, section 11.1); `| 0x20` makes ASCII letters small.
            for index in Self.scheme.indices where value[index] | 0x20 != Self.scheme[index] { return nil }
            start = Self.scheme.count
            guard start == end || Self.isBlank(value[start]) else { return nil }
        }
        while start < end, Self.isBlank(value[start]) { start += 1 }
        return Array(value[start..<end])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
