/// Which part of a route's answered requests another model sees too, and how much that may take.
package struct ShadowConfiguration: Sendable, Equatable {
    /// In hundredths of a percent.
    package var share: Int = CanaryConfiguration.whole
    /// Requests that are with the shadow at the same time, those that wait included.
    package var concurrency = 4
    /// Bytes of inputs and answers that are held for it.
    package var memory = 64 << 20
    /// How long it may take for one request.
    package var timeout = Duration.seconds(10)

    package init() {}
}
