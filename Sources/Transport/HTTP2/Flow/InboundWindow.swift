/// How many bytes a peer may still send, and when to allow it more (RFC 9113, section 5.2).
///
/// A plain state machine: told of bytes that came in, it says by how much to open the window again.
struct InboundWindow: Equatable {
    private let size: Int
    private var consumed = 0

    /// - Parameter size: of the window when nothing is under way.
    init(size: Int) {
        self.size = size
    }

    /// Bytes have come in and been read. The increment to send now; `nil` while half the window is still open.
    mutating func receive(_ bytes: Int) -> Int? {
        consumed += bytes
        return consumed * 2 >= size ? take() : nil
    }

    /// The increment for all that was read; `nil` where there is none.
    mutating func take() -> Int? {
        guard consumed > 0 else { return nil }
        defer { consumed = 0 }
        return consumed
    }

    /// Bytes have come in, and no more are wanted for the time being.
    mutating func hold(_ bytes: Int) {
        consumed += bytes
    }
}
