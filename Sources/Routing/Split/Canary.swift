internal import Synchronization
package import Configuration

/// How large a canary's share is: a plain value that is told the time and of commands.
///
/// A command holds, whatever the schedule says, until it is taken back.
package struct CanaryShare: Sendable, Equatable {
    package let configuration: CanaryConfiguration
    /// What a command says; `nil` follows the file.
    package private(set) var commanded: Int?

    package init(_ configuration: CanaryConfiguration) {
        self.configuration = configuration
    }

    /// Somebody wants that share; `nil` goes back to what the file says.
    package mutating func command(_ share: Int?) {
        commanded = share.map { min(max($0, 0), CanaryConfiguration.whole) }
    }

    /// The share in hundredths of a percent at a moment, in seconds since 1970.
    package func share(at seconds: Int64) -> Int {
        if let commanded { return commanded }
        return configuration.schedule.last { $0.at <= seconds }?.share ?? configuration.share
    }

    /// The next step of the schedule that will change something; `nil` where none will.
    package func next(after seconds: Int64) -> CanaryConfiguration.Step? {
        commanded == nil ? configuration.schedule.first { $0.at > seconds } : nil
    }
}

/// The canary of a route, for all its requests; reloads keep it while its settings stay the same.
package final class Canary: Sendable {
    private let configuration: CanaryConfiguration
    /// The commanded share, or -1 for none.
    private let commanded = Atomic<Int>(-1)
    private let turn = Atomic<UInt64>(0)

    /// - Parameter commanded: the share that a command set in an earlier process; `nil` for none.
    init(_ configuration: CanaryConfiguration, commanded: Int? = nil) {
        self.configuration = configuration
        command(commanded)
    }

    func isSame(as configuration: CanaryConfiguration) -> Bool { self.configuration == configuration }

    /// How it stands.
    package var standing: CanaryShare {
        var share = CanaryShare(configuration)
        let commanded = commanded.load(ordering: .relaxed)
        if commanded >= 0 { share.command(commanded) }
        return share
    }

    /// Sets the share by hand; `nil` goes back to what the file says.
    package func command(_ share: Int?) {
        var wanted = CanaryShare(configuration)
        wanted.command(share)
        commanded.store(wanted.commanded ?? -1, ordering: .relaxed)
    }

    /// Whether the next request goes to the canary.
    ///
    /// - Parameter key: the hash of what keeps requests together; `nil` where this one stands by itself.
    func takes(key: UInt64?, at seconds: @autoclosure () -> Int64) -> Bool {
        let commanded = commanded.load(ordering: .relaxed)
        let share =
            commanded >= 0
            ? commanded
            : configuration.schedule.isEmpty
                ? configuration.share : CanaryShare(configuration).share(at: seconds())
        if let key { return StickyKey.part(of: key) < share }
        return Self.takes(turn: turn.wrappingAdd(1, ordering: .relaxed).oldValue, share: share)
    }

    /// Whether a turn is the canary's, so that of any turns in a row it gets its share of them, and at no point more than
    /// one more or less.
    package static func takes(turn: UInt64, share: Int) -> Bool {
        let whole = UInt64(CanaryConfiguration.whole)
        let (place, share) = (turn % whole, UInt64(share))
        return (place + 1) * share / whole > place * share / whole
    }
}
