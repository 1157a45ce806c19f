package import Configuration

/// One quota as it is counted, with the texts that describe it.
///
/// An object that all who have the quota share: a request to one of 100,000 consumers reads it from the cache.
package final class QuotaPolicy: Sendable, Equatable {
    /// Over what time it is counted.
    package enum Window: Sendable, Equatable {
        case rolling(periodNanoseconds: UInt64, burst: Int)
        case calendar(CalendarPeriod)
        case now
    }

    /// The name of the limit set, numbered where the set has several quotas.
    package let name: String
    package let count: LimitConfiguration.Quota.Count
    /// Units per period, per window, or at once.
    package let max: Int
    package let window: Window
    /// Whether it turns nobody away.
    package let isShadow: Bool
    /// The entry of `stores` that keeps it; `nil` for memory.
    package let store: String?
    /// What the quota is counted in: so many of these are one unit, so that costs may have fractions.
    package let scale: UInt64
    /// The most that can be had at once, in units.
    package let capacity: Int
    /// The same as it is counted.
    package let scaledCapacity: UInt64
    /// `max` as it is counted.
    let scaledMax: UInt64
    /// How it is earned back, where its window rolls; of no meaning for others.
    package let rate: TokenRate
    /// Whether requests themselves are counted: each takes one, and its answer changes nothing of that.
    let countsRequests: Bool
    /// The name as a String of RFC 9651.
    package let quotedName: String
    /// The item of a `RateLimit-Policy` header: `"standard";q=100;w=60`.
    let headerItem: String

    package init(
        name: String, count: LimitConfiguration.Quota.Count = .requests, max: Int, window: Window,
        isShadow: Bool = false, store: String? = nil
    ) {
        self.name = name
        self.count = count
        self.max = max
        self.window = window
        self.isShadow = isShadow
        self.store = store
        countsRequests = count == .fact(.requests)
        scale = count == .cost || count == .fact(.audioSeconds) ? 1_000 : 1
        let capacity = if case .rolling(_, let burst) = window { burst } else { max }
        self.capacity = capacity
        scaledCapacity = Self.product(UInt64(clamping: capacity), scale)
        scaledMax = Self.product(UInt64(clamping: max), scale)
        let period = if case .rolling(let period, _) = window { period } else { UInt64(1) }
        rate = TokenRate(
            max: Int(clamping: scaledMax), periodNanoseconds: period, burst: Int(clamping: scaledCapacity))
        quotedName = Self.quoted(name)
        var item = "\(quotedName);q=\(RateLimitStatus.headerInteger(UInt64(clamping: max)))"
        if let unit = Self.headerUnit(of: count) { item += ";qu=\"\(unit)\"" }
        switch window {
        case .rolling(let period, _): item += ";w=\(Swift.max(RateLimitStatus.wholeSeconds(period), 1))"
        case .calendar(let period) where period.unit == .day: item += ";w=86400"
        case .calendar, .now: break
        }
        headerItem = item
    }

    /// A quota of requests in a rolling window.
    package convenience init(name: String, max: Int, periodNanoseconds: UInt64, burst: Int) {
        self.init(name: name, max: max, window: .rolling(periodNanoseconds: periodNanoseconds, burst: burst))
    }

    package static func == (left: QuotaPolicy, right: QuotaPolicy) -> Bool {
        left === right
            || left.name == right.name && left.count == right.count && left.max == right.max
                && left.window == right.window && left.isShadow == right.isShadow && left.store == right.store
    }

    func scaled(_ units: UInt64) -> UInt64 { Self.product(units, scale) }

    private static func product(_ units: UInt64, _ scale: UInt64) -> UInt64 {
        let (product, overflow) = units.multipliedReportingOverflow(by: scale)
        return overflow ? .max : product
    }

    /// Whether what it counts is known only once a request is answered.
    ///
    /// - Parameter cost: what the model's requests cost.
    func isKnownLate(cost: CostExpression?) -> Bool {
        switch count {
        case .fact(let fact): fact.isKnownLate
        case .cost: cost?.facts.contains(where: \.isKnownLate) ?? false
        case .concurrent: false
        }
    }

    /// What it means, for whoever keeps counts: where it differs, an earlier count means nothing.
    var key: String {
        switch window {
        case .rolling(let period, let burst): "\(name):\(count.text):\(max)/\(period):\(burst)"
        case .calendar(let period): "\(name):\(count.text):\(max)/\(period.unit.rawValue):\(period.zone)"
        case .now: "\(name):\(count.text):\(max)"
        }
    }

    /// `100 requests per minute`, for people.
    package var text: String {
        let unit =
            switch count {
            case .fact(.requests): max == 1 ? "request" : "requests"
            case .fact(let fact): fact.rawValue
            case .cost: "cost"
            case .concurrent: max == 1 ? "request at the same time" : "requests at the same time"
            }
        switch window {
        case .rolling(let period, _): return "\(max) \(unit) per \(Self.text(ofPeriod: period))"
        case .calendar(let period): return "\(max) \(unit) per calendar \(period.unit.rawValue)"
        case .now: return "\(max) \(unit)"
        }
    }

    private static func text(ofPeriod nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case 1_000_000_000: "second"
        case 60_000_000_000: "minute"
        case 3_600_000_000_000: "hour"
        case 86_400_000_000_000: "day"
        default: "\(RateLimitStatus.wholeSeconds(nanoseconds))s"
        }
    }

    /// The quotas of one limit set of gateway.yaml.
    static func all(of limit: LimitConfiguration) -> [QuotaPolicy] {
        limit.quotas.enumerated().map { index, quota in
            let window: Window =
                switch quota.window {
                case .rolling(let period, let burst):
                    .rolling(periodNanoseconds: period.wholeNanoseconds, burst: burst)
                case .calendar(let unit, let zone): .calendar(CalendarPeriod(unit, zone: zone))
                case .now: .now
                }
            return QuotaPolicy(
                name: limit.quotas.count == 1 ? limit.name : "\(limit.name)-\(index + 1)", count: quota.count,
                max: quota.max, window: window, isShadow: quota.mode == .shadow, store: quota.store)
        }
    }

    /// The same under a name that says whose it is.
    func prefixed(_ prefix: String) -> QuotaPolicy {
        QuotaPolicy(
            name: prefix + name, count: count, max: max, window: window, isShadow: isShadow, store: store)
    }

    /// Units of draft-ietf-httpapi-ratelimit-headers-10, section 6.2, and names of our own; requests go without saying.
    private static func headerUnit(of count: LimitConfiguration.Quota.Count) -> String? {
        switch count {
        case .fact(.requests): nil
        case .fact(.bytesIn): "content-bytes"
        case .concurrent: "concurrent-requests"
        case .fact, .cost: count.text
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
