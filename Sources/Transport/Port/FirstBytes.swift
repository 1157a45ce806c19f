/// What a connection speaks, told by its first bytes.
enum FirstBytes: Equatable {
    /// A TLS record that holds a handshake (RFC 8446, section 5.1).
    case tls
    /// HTTP/2 with prior knowledge (RFC 9113, section 3.3).
    case http2
    /// Anything else: HTTP/1.1's own parser says what is wrong with it, if something is.
    case http1
    /// Too few bytes to tell.
    case undecided

    /// What every HTTP/2 client sends first (RFC 9113, section 3.4).
    static let http2Preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    init(_ bytes: some Sequence<UInt8>) {
        var index = 0
        for byte in bytes {
            if index == 0 && byte == 0x16 {
                self = .tls
                return
            }
            guard byte == Self.http2Preface[index] else {
                self = .http1
                return
            }
            index += 1
            if index == Self.http2Preface.count {
                self = .http2
                return
            }
        }
        self = .undecided
    }
}
