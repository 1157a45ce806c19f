/// When whoever fails again and again to prove who they are is shut out.
package struct BanConfiguration: Sendable, Equatable {
    /// So many failures within `within` are one too many.
    package var failures: Int
    package var within: Duration
    /// How long a ban lasts.
    package var lasts: Duration
    /// Addresses that are never banned, such as those of proxies, behind which many callers have one.
    package var exempt: [AddressRange]

    package init(
        failures: Int = 20, within: Duration = .seconds(60), lasts: Duration = .seconds(300),
        exempt: [AddressRange] = []
    ) {
        self.failures = failures
        self.within = within
        self.lasts = lasts
        self.exempt = exempt
    }
}
