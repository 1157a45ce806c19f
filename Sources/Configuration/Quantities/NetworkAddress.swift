/// An address of the Internet Protocol. IPv4 addresses are their IPv6-mapped form (RFC 4291, section 2.5.5.2), so that
/// one machine has one value however it came in.
package struct NetworkAddress: Sendable, Hashable {
    package let bits: UInt128

    package init(bits: UInt128) {
        self.bits = bits
    }

    private static let mapped: UInt128 = 0xFFFF << 32

    package var isIPv4: Bool { bits >> 32 == 0xFFFF }

    /// Reads `192.0.2.1` or `2001:db8::1`, with a zone (`%eth0`) or without; `nil` where the text is no address.
    package init?(_ text: some StringProtocol) {
        let text = Substring(text).prefix { $0 != "%" }
        if let value = Self.ipv4(text) {
            bits = Self.mapped | UInt128(value)
            return
        }
        var groups = text
        var tail: UInt128?
        // The last 32 bits may be written as an IPv4 address (RFC 4291, section 2.2).
        if text.contains("."), let colon = text.lastIndex(of: ":") {
            guard let value = Self.ipv4(text[text.index(after: colon)...]) else { return nil }
            tail = UInt128(value)
            groups = text[...colon] + "0:0"
        }
        guard let values = AddressText.groups(groups) else { return nil }
        bits = values.reduce(UInt128(0)) { $0 << 16 | UInt128($1) } | (tail ?? 0)
    }

    private static func ipv4(_ text: Substring) -> UInt32? {
        guard AddressText.isIPv4(text) else { return nil }
        return text.split(separator: ".").reduce(UInt32(0)) { $0 << 8 | (UInt32($1) ?? 0) }
    }
}
