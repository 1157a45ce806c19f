internal import Configuration
internal import NIOCore
internal import NIOSSL
internal import Policies

extension Peer {
    /// The client at the other end of a connection.
    ///
    /// - Parameter isPlain: there is no TLS, and so no certificate.
    convenience init(of context: ChannelHandlerContext, isPlain: Bool) {
        let certificate = isPlain ? nil : try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        self.init(
            address: context.remoteAddress?.ipAddress.flatMap { NetworkAddress($0) },
            certificate: certificate.flatMap { CertificateNames(TLSIdentity.names(in: $0)) })
    }
}

/// What a client's certificate says of who it is, once TLS has verified it.
enum TLSIdentity {
    /// `dns:`, `uri:` and `email:` names of the certificate, and its subject's `cn:`.
    static func names(in certificate: NIOSSLCertificate) -> [String] {
        var names: [String] = []
        for name in certificate._subjectAlternativeNames() {
            let kind: String
            switch name.nameType {
            case .dnsName: kind = "dns"
            case .uri: kind = "uri"
            case .email: kind = "email"
            default: continue
            }
            let text = unsafe name.contents.withUnsafeBufferPointer { bytes in
                unsafe String(validating: bytes, as: UTF8.self)
            }
            if let text { names.append("\(kind):\(text)") }
        }
        if let der = try? certificate.toDERBytes(), let name = SubjectReader.commonName(in: der) {
            names.append("cn:\(name)")
        }
        return names
    }
}

/// Finds the common name in a certificate's subject (RFC 5280, section 4.1). The certificate was verified before: this
/// reads what an authority has signed, and nothing else.
enum SubjectReader {
    private static let commonName: [UInt8] = [0x55, 0x04, 0x03]

    /// One element: its tag and its content.
    private struct Element {
        var tag: UInt8
        var content: ArraySlice<UInt8>
    }

    static func commonName(in der: [UInt8]) -> String? {
        var rest = der[...]
        guard let certificate = next(&rest), certificate.tag == 0x30 else { return nil }
        rest = certificate.content
        guard let signed = next(&rest), signed.tag == 0x30 else { return nil }
        rest = signed.content
        guard var field = next(&rest) else { return nil }
        // The version is left out where it is the first one; then follow number, algorithm, issuer, validity.
        if field.tag == 0xA0 {
            guard let number = next(&rest) else { return nil }
            field = number
        }
        guard next(&rest) != nil, next(&rest) != nil, next(&rest) != nil, let subject = next(&rest) else { return nil }
        var sets = subject.content
        var found: String?
        while let set = next(&sets) {
            var pairs = set.content
            while let pair = next(&pairs) {
                var parts = pair.content
                guard let name = next(&parts), let value = next(&parts) else { continue }
                // The last one counts, as the most specific.
                if name.tag == 0x06, Array(name.content) == commonName { found = text(value) }
            }
        }
        return found
    }

    /// UTF8String, PrintableString, IA5String.
    private static func text(_ value: Element) -> String? {
        [0x0C, 0x13, 0x16].contains(value.tag) ? String(validating: value.content, as: UTF8.self) : nil
    }

    private static func next(_ rest: inout ArraySlice<UInt8>) -> Element? {
        guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let digits = Int(first & 0x7F)
            guard (1...4).contains(digits), rest.count >= digits else { return nil }
            length = 0
            for _ in 0..<digits { length = length << 8 | Int(rest.popFirst() ?? 0) }
        }
        guard length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return Element(tag: tag, content: rest.prefix(length))
    }
}
