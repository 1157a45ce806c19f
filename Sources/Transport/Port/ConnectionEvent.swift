/// What the server tells a connection, whatever protocol that speaks, as an event through its pipeline.
enum ConnectionEvent {
    /// Take no further requests, and close once none is under way.
    struct Drain: Sendable {}
}
