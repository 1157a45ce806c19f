/// Whose connections a listener takes.
package struct Firewall: Sendable, Equatable {
    /// Empty for all.
    package var allowed: [AddressRange]
    package var denied: [AddressRange]

    package init(allowed: [AddressRange], denied: [AddressRange]) {
        self.allowed = allowed
        self.denied = denied
    }

    /// - Parameter address: `nil` where a connection has none that is known: it is nobody's who is allowed by name.
    package func admits(_ address: NetworkAddress?) -> Bool {
        guard let address else { return allowed.isEmpty }
        if denied.contains(where: { $0.contains(address) }) { return false }
        return allowed.isEmpty || allowed.contains { $0.contains(address) }
    }
}
