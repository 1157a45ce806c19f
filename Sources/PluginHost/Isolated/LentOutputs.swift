internal import Synchronization

/// Memory of a runner that somebody here reads: the runner has it back when nobody does any more.
///
/// Keeps the connection, and so the mapping, for as long: also after the runner's death.
final class LentOutputs: Sendable {
    private let connection: RunnerConnection
    private let token: UInt64
    private let byteCount = Atomic<Int>(0)

    init(_ connection: RunnerConnection, token: UInt64) {
        self.connection = connection
        self.token = token
    }

    /// So much of it is known.
    func add(byteCount more: Int) {
        byteCount.wrappingAdd(more, ordering: .relaxed)
    }

    deinit {
        connection.release(token: token, byteCount: byteCount.load(ordering: .relaxed))
    }
}
