package import Configuration

/// Which requests a shadow sees: a plain value that is told of requests, and says which of them are taken.
package struct ShadowAdmission: Sendable {
    package enum Verdict: Sendable, Equatable {
        /// Another request's turn.
        case skip
        case take
        /// It would be its turn, but so many are under way.
        case busy
        /// It would be its turn, but so many bytes are held.
        case full
    }

    package let settings: ShadowConfiguration
    /// Requests that are with the shadow.
    package private(set) var running = 0
    /// Bytes held for them.
    package private(set) var bytes = 0
    private var turn: UInt64 = 0

    package init(_ settings: ShadowConfiguration) {
        self.settings = settings
    }

    /// A request was answered that holds so many bytes.
    package mutating func offer(bytes: Int) -> Verdict {
        defer { turn &+= 1 }
        guard Canary.takes(turn: turn, share: settings.share) else { return .skip }
        guard running < settings.concurrency else { return .busy }
        guard bytes <= settings.memory - self.bytes else { return .full }
        running += 1
        self.bytes += bytes
        return .take
    }

    /// A request that was taken needs more, as its answer comes in parts.
    ///
    /// - Returns: whether there is so much.
    package mutating func grow(by bytes: Int) -> Bool {
        guard bytes <= settings.memory - self.bytes else { return false }
        self.bytes += bytes
        return true
    }

    /// The shadow is done with a request that was taken, and nothing is held for it any more.
    package mutating func ended(bytes: Int) {
        running -= 1
        self.bytes -= bytes
    }
}
