/// Where a model's files may be fetched from when a request gives a URL in their place.
package struct ReferenceConfiguration: Sendable, Equatable {
    /// A host that may be asked.
    package struct Host: Sendable, Equatable {
        /// In lower case; without the `*.` where it stands for all names below.
        package var name: String
        package var isWildcard: Bool
        /// `nil` is the scheme's own.
        package var port: Int?

        /// Reads `files.example`, `*.files.example` or `files.example:8443`; `nil` where the text is none of them.
        package init?(_ text: String) {
            isWildcard = text.hasPrefix("*.")
            let rest = isWildcard ? String(text.dropFirst(2)) : text
            let hasPort = rest.hasPrefix("[") ? rest.contains("]:") : rest.contains(":")
            guard let address = try? AddressText(hasPort ? rest : "\(rest):1"), address.port > 0 else { return nil }
            guard !isWildcard || address.host.contains("."), NetworkAddress(address.host) == nil || !isWildcard else {
                return nil
            }
            name = address.host.lowercased()
            port = hasPort ? address.port : nil
        }

        /// As it is written.
        package var text: String {
            let host = name.contains(":") ? "[\(name)]" : name
            return (isWildcard ? "*." : "") + host + (port.map { ":\($0)" } ?? "")
        }

        package func allows(_ address: HTTPAddress) -> Bool {
            let host = address.host.lowercased()
            guard address.port == port ?? (address.isSecure ? 443 : 80) else { return false }
            return isWildcard ? host.hasSuffix("." + name) : host == name
        }
    }

    package var hosts: [Host]
    /// Addresses outside the public Internet that those hosts may have.
    package var networks: [AddressRange] = []
    /// Whether files may come without TLS.
    package var allowsPlain = false
    /// Bytes of the files of one request, at most.
    package var size = 16 << 20
    /// The longest time for one file, redirects included.
    package var timeout = Duration.seconds(5)
    /// The absolute path of the roots to trust in place of the system's.
    package var authority: String?

    package init(hosts: [Host]) {
        self.hosts = hosts
    }
}
