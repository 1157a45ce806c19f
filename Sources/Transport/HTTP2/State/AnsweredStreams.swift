/// Streams whose answers have ended before their requests did.
///
/// RFC 9113, section 8.1, lets a server reset such a stream with `NO_ERROR`, but there are clients (libcurl 7.88) that then
/// forget the answer they have got. So the rest of a short request is let come and passed over, and only a client that goes
/// on sending, or that leaves many of them open, is told to stop.
struct AnsweredStreams {
    enum Outcome: Equatable {
        /// The client has ended its request.
        case ended
        case passedOver
        /// More comes than is let come.
        case tooMuch
    }

    private struct Entry {
        let id: HTTP2StreamID
        /// Bytes that may still come.
        var left: Int
    }

    private let most: Int
    private let mostBytes: Int
    /// The one that was answered first comes first.
    private var entries: [Entry] = []

    /// - Parameters:
    ///   - most: how many may be open.
    ///   - bytes: how much each may send.
    init(most: Int, bytes: Int) {
        self.most = most
        mostBytes = bytes
    }

    /// Takes in a stream on which `window` bytes more may come.
    ///
    /// - Returns: the stream to reset for it.
    mutating func add(_ id: HTTP2StreamID, window: Int) -> HTTP2StreamID? {
        guard window > 0 else { return id }
        entries.append(Entry(id: id, left: min(window, mostBytes)))
        return entries.count > most ? entries[0].id : nil
    }

    /// DATA has come for a stream; `nil` where it isn't one of these. It stays until it is removed, but where it has ended.
    mutating func receive(_ count: Int, on id: HTTP2StreamID, ends: Bool) -> Outcome? {
        guard let index = index(of: id) else { return nil }
        if ends {
            entries.remove(at: index)
            return .ended
        }
        entries[index].left -= count
        return entries[index].left > 0 ? .passedOver : .tooMuch
    }

    /// Whether it was one of these.
    @discardableResult mutating func remove(_ id: HTTP2StreamID) -> Bool {
        guard let index = index(of: id) else { return false }
        entries.remove(at: index)
        return true
    }

    private func index(of id: HTTP2StreamID) -> Int? {
        entries.isEmpty ? nil : entries.firstIndex { $0.id == id }
    }
}
