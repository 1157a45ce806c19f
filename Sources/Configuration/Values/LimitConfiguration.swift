/// One named set of quotas.
package struct LimitConfiguration: Sendable, Equatable {
    /// At most `burst` at once, refilled at `max` per `period`: a token bucket.
    package struct Quota: Sendable, Equatable {
        package enum Count: String, Sendable, CaseIterable {
            case requests
        }

        package var count: Count
        package var max: Int
        package var period: Duration
        package var burst: Int

        package init(count: Count, max: Int, period: Duration, burst: Int) {
            self.count = count
            self.max = max
            self.period = period
            self.burst = burst
        }
    }

    package var name: String
    package var quotas: [Quota]

    package init(name: String, quotas: [Quota]) {
        self.name = name
        self.quotas = quotas
    }
}
