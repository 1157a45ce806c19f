/// Memory of a runner that somebody here reads: the runner has it back when nobody does any more.
///
/// Keeps the connection, and so the mapping, for as long: also after the runner's death.
final class LentOutputs: Sendable {
    private let connection: RunnerConnection
    private let token: UInt64
    private let byteCount: Int

    init(_ connection: RunnerConnection, token: UInt64, byteCount: Int) {
        self.connection = connection
        self.token = token
        self.byteCount = byteCount
    }

    deinit {
        connection.release(token: token, byteCount: byteCount)
    }
}
