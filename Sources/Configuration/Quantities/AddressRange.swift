/// Addresses that begin alike: `10.0.0.0/8`, `2001:db8::/32`, or a single one.
package struct AddressRange: Sendable, Hashable {
    /// As it is written.
    package let text: String
    private let first: UInt128
    private let mask: UInt128

    /// `nil` where the text is none, or has bits behind its prefix, as in `10.0.0.1/8`.
    package init?(_ text: String) {
        guard let (address, mask) = Self.parts(of: text), address.bits & ~mask == 0 else { return nil }
        first = address.bits
        self.mask = mask
        self.text = text
    }

    /// The IPv4 network that was probably meant by one with bits behind its prefix: `10.0.0.0/8` for `10.0.0.1/8`.
    static func network(of text: String) -> String? {
        guard let (address, mask) = parts(of: text), address.isIPv4, let slash = text.firstIndex(of: "/") else {
            return nil
        }
        let bits = UInt32(truncatingIfNeeded: address.bits & mask)
        let bytes = [24, 16, 8, 0].map { "\(bits >> UInt32($0) & 0xFF)" }
        return bytes.joined(separator: ".") + text[slash...]
    }

    private static func parts(of text: String) -> (NetworkAddress, mask: UInt128)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !text.contains("%"), let address = NetworkAddress(parts[0]) else {
            return nil
        }
        let width = parts[0].contains(":") ? 128 : 32
        var length = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), (1...3).contains(parts[1].utf8.count),
                let given = Int(parts[1]), given <= width, parts[1] == "0" || !parts[1].hasPrefix("0")
            else { return nil }
            length = given
        }
        let fixed = 128 - width + length
        return (address, fixed == 0 ? 0 : UInt128.max << UInt128(128 - fixed))
    }

    package func contains(_ address: NetworkAddress) -> Bool { address.bits & mask == first }
}
