internal import Configuration
internal import Crypto
internal import Foundation
internal import NIOHTTP1
internal import Tensors

/// What a client sends to turn its connection into a session (RFC 6455, section 4.2.1), and what it gets back.
struct WebSocketHandshake: Equatable {
    /// The protocol that sessions speak; clients may name it, and then get it confirmed.
    static let subprotocol = "sluice"
    /// Before a key in the list of protocols: browsers can send one in no other way.
    static let keyPrefix = "sluice.key."

    /// The value of `Sec-WebSocket-Accept`.
    let accept: String
    /// Whether the client named our protocol.
    let namesProtocol: Bool
    /// The key that came in the list of protocols.
    let key: String?

    /// - Throws: `malformed_request`; `forbidden` for a web page from elsewhere.
    init(_ headers: HTTPHeaders, version: HTTPVersion, origins: [String]) throws(SluiceError) {
        guard version.minor > 0, headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" }),
            headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" })
        else { throw Self.needsWebSocket }
        guard headers["sec-websocket-version"] == ["13"] else {
            throw SluiceError(
                .malformedRequest, "Sec-WebSocket-Version must be 13", detail: [.init("sec_websocket_version", "13")])
        }
        let keys = headers["sec-websocket-key"]
        guard keys.count == 1, let nonce = keys.first, Data(base64Encoded: nonce)?.count == 16 else {
            throw SluiceError(.malformedRequest, "Sec-WebSocket-Key must be 16 bytes in base64")
        }
        try Self.checkOrigin(headers, origins)
        let digest = Insecure.SHA1.hash(data: Data("\(nonce)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
        accept = Data(digest).base64EncodedString()
        let protocols = headers[canonicalForm: "sec-websocket-protocol"]
        namesProtocol = protocols.contains { $0 == Self.subprotocol }
        key = protocols.first { name in
            name.hasPrefix(Self.keyPrefix) && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }.map { String($0.dropFirst(Self.keyPrefix.count)) }
    }

    /// What a request is told that comes without the fields that make it a handshake.
    static let needsWebSocket = SluiceError(
        .malformedRequest, "sessions are WebSockets: ask over HTTP/1.1, with \"Upgrade: websocket\"")

    /// A page that a browser loaded from elsewhere can open a connection to anywhere, with nobody asked: it says where
    /// it comes from, and that has to be here, or one of those that the listener lets in.
    private static func checkOrigin(_ headers: HTTPHeaders, _ origins: [String]) throws(SluiceError) {
        let sent = headers["origin"]
        guard let origin = sent.first?.lowercased() else { return }
        if sent.count == 1, origins.contains("*") || origins.contains(origin) { return }
        let host = headers["host"].first?.lowercased() ?? ""
        if sent.count == 1, origin == "http://\(host)" || origin == "https://\(host)" { return }
        throw SluiceError(
            .forbidden, "pages of \(origin.prefix(128)) may not open sessions here: see the listener's origins",
            detail: [.init("origin", String(origin.prefix(128)))])
    }
}
