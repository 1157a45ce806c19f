/// The parts of an `https://` or `http://` URL that a client needs.
package struct HTTPAddress: Sendable, Equatable {
    package var isSecure: Bool
    /// A name or an address; without brackets.
    package var host: String
    package var port: Int
    /// Path and query, as a request line has them.
    package var target: String
    /// The whole URL as it is written.
    package var text: String

    /// What is wrong with a text as a URL, and what to write.
    package struct Mistake: Error, Equatable {
        package var message: String
        package var advice: String
    }

    private static let example = "write e.g. https://login.example/keys.json"

    /// - Throws: What is wrong with `text`; it doesn't repeat the text, which may hold a password.
    package init(_ text: String) throws(Mistake) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Mistake(message: "it has spaces or characters that no URL has", advice: Self.example)
        }
        let rest: Substring
        switch text {
        case _ where text.hasPrefix("https://"): (isSecure, rest) = (true, text.dropFirst(8))
        case _ where text.hasPrefix("http://"): (isSecure, rest) = (false, text.dropFirst(7))
        default: throw Mistake(message: "it doesn't begin with https://", advice: Self.example)
        }
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else {
            throw Mistake(message: "a URL with a user or password ends up in logs", advice: "leave them out")
        }
        guard !rest.contains("#") else { throw Mistake(message: "a fragment is never sent", advice: "leave it out") }
        var address: AddressText?
        let isBracketed = authority.hasPrefix("[")
        let hasPort = isBracketed ? authority.contains("]:") : authority.contains(":")
        let standard = isSecure ? 443 : 80
        do {
            address = try AddressText(hasPort ? String(authority) : "\(authority):\(standard)")
        } catch {
            throw Mistake(message: error.message, advice: Self.example)
        }
        guard let address, address.port > 0 else { throw Mistake(message: "0 is no port", advice: Self.example) }
        host = address.host
        port = address.port
        target = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
        self.text = text
    }

    /// Whether only this machine can be at the other end.
    package var isLoopback: Bool { AddressText.isLoopback(host) }
}
