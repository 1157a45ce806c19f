/// When a model is left alone for a while because it keeps failing.
package struct BreakerConfiguration: Sendable, Equatable {
    /// Failures in a row after which it opens.
    package var failures = 5
    /// The share of calls that may fail within `window`; above 0, at most 1.
    package var rate = 0.5
    /// What `rate` looks back on.
    package var window: Duration = .seconds(10)
    /// Calls within `window` below which `rate` says nothing.
    package var calls = 20
    /// How long the first opening lasts; each further one that follows within `window` lasts twice as long.
    package var open: Duration = .seconds(5)
    /// How long no opening lasts longer than, jitter left out.
    package var longest: Duration = .seconds(60)
    /// Calls that are let through after that, and that must all succeed for it to close.
    package var probes = 1

    package init() {}
}
