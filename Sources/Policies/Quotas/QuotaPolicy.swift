internal import Configuration

/// One quota of a consumer, with the texts that describe it.
package struct QuotaPolicy: Sendable, Equatable {
    /// The name of the limit set, numbered where the set has several quotas.
    package let name: String
    /// Requests per period.
    package let max: Int
    package let periodNanoseconds: UInt64
    package let burst: Int
    /// The name as a String of RFC 9651.
    package let quotedName: String
    /// The item of a `RateLimit-Policy` header: `"standard";q=100;w=60`.
    let headerItem: String

    package init(name: String, max: Int, periodNanoseconds: UInt64, burst: Int) {
        self.name = name
        self.max = max
        self.periodNanoseconds = periodNanoseconds
        self.burst = burst
        quotedName = Self.quoted(name)
        let requests = RateLimitStatus.headerInteger(UInt64(clamping: max))
        let seconds = RateLimitStatus.wholeSeconds(periodNanoseconds)
        headerItem = "\(quotedName);q=\(requests);w=\(Swift.max(seconds, 1))"
    }

    /// The quotas of one limit set of gateway.yaml.
    static func all(of limit: LimitConfiguration) -> [QuotaPolicy] {
        limit.quotas.enumerated().map { index, quota in
            QuotaPolicy(
                name: limit.quotas.count == 1 ? limit.name : "\(limit.name)-\(index + 1)", max: quota.max,
                periodNanoseconds: quota.period.wholeNanoseconds, burst: quota.burst)
        }
    }

    /// Strings of RFC 9651 hold printable ASCII only, with `"` and `\` escaped.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted.append("\\") }
            quoted.unicodeScalars.append((0x20...0x7E).contains(scalar.value) ? scalar : "?")
        }
        return quoted + "\""
    }
}
