internal import NIOConcurrencyHelpers

/// Counters that differ in their `code` label only: the common one is resolved beforehand, others at their first use.
package final class CodedCounters: Sendable {
    /// What requests that went well are counted under.
    package static let ok = "ok"

    private let succeeded: Counter?
    private let resolve: @Sendable (String) -> Counter
    private let byCode = NIOLockedValueBox<[String: Counter]>([:])

    init(countsSuccess: Bool, resolve: @escaping @Sendable (String) -> Counter) {
        self.resolve = resolve
        succeeded = countsSuccess ? resolve(Self.ok) : nil
    }

    /// Counts one that went well.
    package func incrementOK() {
        if let succeeded { succeeded.increment() } else { increment(code: Self.ok) }
    }

    /// Counts one failure under the error's code.
    package func increment(code: String) {
        let counter = byCode.withLockedValue { byCode in
            if let counter = byCode[code] { return counter }
            let counter = resolve(code)
            byCode[code] = counter
            return counter
        }
        counter.increment()
    }
}
