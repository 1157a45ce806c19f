/// Streams that have ended lately, so that what their clients sent before they knew is told from what no client may send
/// (RFC 9113, section 5.1, "closed").
struct ClosedStreams {
    enum End: Equatable {
        /// The gateway has reset it: frames that were under way are passed over.
        case byGateway
        /// The client knows that it has ended.
        case byClient
    }

    private let most: Int
    /// A ring; the last bit says who has ended it, in place of the one that all clients' streams have.
    private var entries: [Int32] = []
    private var oldest = 0

    init(remembering most: Int) {
        self.most = most
    }

    mutating func add(_ id: HTTP2StreamID, _ end: End) {
        let entry = Int32(truncatingIfNeeded: end == .byGateway ? id | 1 : id & ~1)
        if entries.count < most {
            entries.append(entry)
        } else {
            entries[oldest] = entry
            oldest = oldest + 1 == most ? 0 : oldest + 1
        }
    }

    /// How a stream has ended; `nil` where that isn't known, or not any more.
    subscript(id: HTTP2StreamID) -> End? {
        let id = Int32(truncatingIfNeeded: id)
        return entries.lazy.filter { $0 | 1 == id | 1 }.map { $0 & 1 == 1 ? .byGateway : .byClient }.first
    }
}
