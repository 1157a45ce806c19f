/// What is known of each of a connection's open streams.
///
/// Streams' numbers only grow and few are open at once, so a sorted array finds them quicker than hashing does; most often
/// the last one is looked for.
struct StreamTable<Value> {
    private(set) var ids: [HTTP2StreamID] = []
    private(set) var values: [Value] = []

    var isEmpty: Bool { ids.isEmpty }
    var count: Int { ids.count }

    /// Where a stream stands; `nil` where it isn't open.
    func index(of id: HTTP2StreamID) -> Int? {
        guard let last = ids.last, id <= last else { return nil }
        if id == last { return ids.count - 1 }
        var (low, high) = (0, ids.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return ids[low] == id ? low : nil
    }

    subscript(id: HTTP2StreamID) -> Value? { index(of: id).map { values[$0] } }

    /// What stands at an index that `index(of:)` gave.
    subscript(at index: Int) -> Value {
        get { values[index] }
        _modify { yield &values[index] }
    }

    /// Takes in a stream that was opened after all that are there.
    mutating func open(_ id: HTTP2StreamID, _ value: Value) {
        precondition(ids.last ?? 0 < id)
        ids.append(id)
        values.append(value)
    }

    @discardableResult mutating func remove(_ id: HTTP2StreamID) -> Value? { index(of: id).map { remove(at: $0) } }

    @discardableResult mutating func remove(at index: Int) -> Value {
        if index == ids.count - 1 {
            ids.removeLast()
            return values.removeLast()
        }
        ids.remove(at: index)
        return values.remove(at: index)
    }
}
