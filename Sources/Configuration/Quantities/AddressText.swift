/// A host and a port as users write them: `127.0.0.1:8080`, `[::1]:8080`.
struct AddressText: Sendable, Equatable {
    var host: String
    var port: Int

    /// What is wrong with `text` as an address, and what to write.
    struct Mistake: Error, Equatable {
        var message: String
        var advice: String
    }

    /// - Throws: What is wrong with `text`.
    init(_ text: String) throws(Mistake) {
        let host: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw Mistake(message: "the \"[\" has no \"]\"", advice: "write e.g. \"[::1]:8080\"")
            }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard Self.isIPv6(host) else {
                throw Mistake(
                    message: "\(quoted(String(host))) is no IPv6 address", advice: "write e.g. \"[::1]:8080\"")
            }
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<colon]
            rest = text[colon...]
            if rest.dropFirst().contains(":") {
                throw Mistake(message: "an IPv6 address needs brackets", advice: "write e.g. \"[::1]:8080\"")
            }
            if rest.isEmpty, Int(host) != nil {
                throw Mistake(message: "there is no host before the port", advice: "write \"127.0.0.1:\(host)\"")
            }
            if host.isEmpty {
                throw Mistake(
                    message: "there is no host before the port",
                    advice: "write \"127.0.0.1\(rest)\", or \"0.0.0.0\(rest)\" for every network")
            }
            guard Self.isIPv4(host) || Self.isName(host) else {
                throw Mistake(message: "\(quoted(String(host))) is no host", advice: "write e.g. \"127.0.0.1:8080\"")
            }
        }
        guard rest.first == ":", rest.count > 1 else {
            let written = text.hasPrefix("[") ? "[\(host)]" : String(host)
            throw Mistake(message: "there is no port after the host", advice: "write e.g. \"\(written):8080\"")
        }
        let digits = rest.dropFirst()
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), port <= 65_535 else {
            throw Mistake(message: "\(quoted(String(digits))) is no port", advice: "ports are from 0 to 65535")
        }
        self.host = String(host)
        self.port = port
    }

    /// Whether only this machine can reach the address.
    static func isLoopback(_ host: String) -> Bool {
        host.lowercased() == "localhost" || isIPv4(host[...]) && host.hasPrefix("127.")
            || isIPv6(host[...]) && groups(host[...]) == [0, 0, 0, 0, 0, 0, 0, 1]
    }

    static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                    && (Int(part) ?? 256) <= 255 && (part == "0" || !part.hasPrefix("0"))
            }
    }

    /// Labels of letters, digits and `-`. Only digits and dots would be an IPv4 address gone wrong.
    private static func isName(_ text: Substring) -> Bool {
        text.utf8.count <= 253 && !text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x2D }
            }
    }

    private static func isIPv6(_ text: Substring) -> Bool { groups(text) != nil }

    /// The eight 16-bit groups of an IPv6 address (RFC 4291, section 2.2, without an embedded IPv4 address or a zone).
    static func groups(_ text: Substring) -> [UInt16]? {
        func parse(_ part: Substring) -> [UInt16]? {
            guard !part.isEmpty else { return [] }
            var groups: [UInt16] = []
            for group in part.split(separator: ":", omittingEmptySubsequences: false) {
                guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy(\.isLetterOrDigit),
                    let value = UInt16(group, radix: 16)
                else { return nil }
                groups.append(value)
            }
            return groups
        }
        guard text.utf8.count <= 43 else { return nil }
        guard let gap = text.firstRange(of: "::") else {
            return parse(text).flatMap { $0.count == 8 ? $0 : nil }
        }
        guard let head = parse(text[..<gap.lowerBound]), let tail = parse(text[gap.upperBound...]),
            head.count + tail.count < 8
        else { return nil }
        return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }
}
