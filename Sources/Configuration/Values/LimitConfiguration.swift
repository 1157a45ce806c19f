/// One named set of quotas.
package struct LimitConfiguration: Sendable, Equatable {
    /// So much over so much time, or at once.
    package struct Quota: Sendable, Equatable {
        /// What is counted.
        package enum Count: Sendable, Hashable {
            case fact(QuotaFact)
            /// What the model's `cost` says of the request.
            case cost
            /// Requests under way at the same time.
            case concurrent

            package static let requests = Count.fact(.requests)

            /// As gateway.yaml names it.
            package var text: String {
                switch self {
                case .fact(let fact): fact.rawValue
                case .cost: "cost"
                case .concurrent: "concurrent"
                }
            }

            /// Every one there is.
            package static let all: [Count] = QuotaFact.allCases.map(Count.fact) + [.cost, .concurrent]
        }

        /// Over what time it is counted.
        package enum Window: Sendable, Hashable {
            /// At most `burst` at once, refilled at `max` per `period`: a token bucket.
            case rolling(period: Duration, burst: Int)
            /// At most `max` from the beginning of each day or month to its end.
            case calendar(CalendarUnit, zone: String)
            /// At most `max` at any moment.
            case now
        }

        package enum CalendarUnit: String, Sendable, CaseIterable {
            case day
            case month
        }

        package enum Mode: String, Sendable, CaseIterable {
            /// What is above it is turned away.
            case enforce
            /// It is counted and told of, and turns nobody away.
            case shadow
        }

        package var count: Count
        package var max: Int
        package var window: Window
        package var mode = Mode.enforce
        /// The entry of `stores` that keeps it; `nil` for memory.
        package var store: String?

        package init(count: Count, max: Int, window: Window) {
            self.count = count
            self.max = max
            self.window = window
        }

        package init(count: Count, max: Int, period: Duration, burst: Int) {
            self.init(count: count, max: max, window: .rolling(period: period, burst: burst))
        }
    }

    package var name: String
    package var quotas: [Quota]
    package var location = SourceLocation(line: 1, column: 1)

    package init(name: String, quotas: [Quota]) {
        self.name = name
        self.quotas = quotas
    }
}
