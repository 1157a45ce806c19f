internal import NIOCore
internal import Tensors

/// A connection that takes what it has read when the loop has read from all that had something.
protocol RoundMember: AnyObject {
    /// Takes what was read. What that is answered at once may wait for `answerRead`.
    func takeRead()

    /// Sends what waits.
    func answerRead()
}

/// The connections of one event loop that have read something in the same turn of it.
///
/// They go through the gate one after the other, between the reading of all and the answering of all: kernel and gate each
/// find their own code and branches in the processor's caches then, which a system call for every few thousand
/// instructions keeps throwing out. With 16 busy connections that was a fifth of a request's time (`docs/decisions.md`).
///
/// Invariant behind `@unchecked Sendable`: only used on its event loop.
final class ReadRound: @unchecked Sendable {
    /// Reads up to this size wait for the others; what comes in larger pieces would only be copied together.
    static let shortRead = 4096
    /// After so long what has been answered doesn't wait for others any more.
    private static let patienceNanoseconds: UInt64 = 200_000

    private var members: [any RoundMember] = []
    private let now: () -> MonotonicTime

    init(now: @escaping () -> MonotonicTime = { .now }) {
        self.now = now
    }

    /// The channel's handler hears of the end of what the client sends, in place of the channel's closing by itself: what
    /// was read before that may still wait to be taken. A channel that is gone already refuses, and has nothing to lose.
    static func joins(_ channel: any Channel) {
        try? channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
    }

    /// The connection has read something. It is taken after the loop's other connections have been looked at.
    func add(_ member: any RoundMember, eventLoop: any EventLoop) {
        members.append(member)
        if members.count == 1 { eventLoop.execute { self.run() } }
    }

    private func run() {
        var members: [any RoundMember] = []
        swap(&members, &self.members)
        var (first, began) = (0, now())
        for index in members.indices {
            members[index].takeRead()
            guard index + 1 < members.count else { break }
            let ended = now()
            guard ended.nanoseconds(since: began) > Self.patienceNanoseconds else { continue }
            for member in members[first...index] { member.answerRead() }
            (first, began) = (index + 1, ended)
        }
        for member in members[first...] { member.answerRead() }
        members.removeAll(keepingCapacity: members.capacity <= 1024)
        if self.members.isEmpty { self.members = members }
    }
}
