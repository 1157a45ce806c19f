package import Configuration
internal import NIOCore

extension NetworkAddress {
    /// Whether this is a host of the public Internet: no machine of one's own network, and none that stands for many
    /// (the special registries of IANA, RFC 6890).
    package var isPublic: Bool {
        let special = isIPv4 ? Self.specialIPv4 : Self.specialIPv6
        if special.contains(where: { $0.contains(self) }) { return false }
        return isIPv4 || Self.globalUnicast.contains { $0.contains(self) }
    }

    private static let globalUnicast = ["2000::/3"].compactMap { AddressRange($0) }

    private static let specialIPv4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { AddressRange($0) }

    /// Inside `2000::/3`; those that carry an IPv4 address within them could lead anywhere.
    private static let specialIPv6 = [
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    ].compactMap { AddressRange($0) }

    /// `nil` for what is no address of the Internet Protocol.
    init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        self.init(text)
    }
}
