/// Which bytes of an arena are taken: a plain value that knows offsets only and never touches the arena itself, so that
/// nothing which another process writes there can mislead it.
///
/// Large blocks are powers of two from 64 KiB on, split and joined with their buddies. Small ones are powers of two too;
/// they share 64 KiB pages of one size each, which stay theirs.
package struct BlockAllocator: Sendable {
    /// The smallest large block, and what an arena is a multiple of.
    package static let pageSize = 64 << 10
    /// The smallest block; all are aligned to it at least, as tensors must be to 64 bytes.
    private static let smallest = 256
    private static let pageOrder = pageSize.trailingZeroBitCount

    private var pages: PageTable
    /// The first free large block of each order.
    private var heads: [Int32]
    /// Free small blocks by order.
    private var small: [[Int]]
    /// Bytes in blocks that are taken.
    package private(set) var usedByteCount = 0

    /// - Parameter byteCount: a multiple of `pageSize`.
    package init(byteCount: Int) {
        precondition(byteCount >= Self.pageSize && byteCount % Self.pageSize == 0)
        let count = byteCount / Self.pageSize
        precondition(count <= Int(Int32.max))
        pages = PageTable(count: count)
        heads = Array(repeating: -1, count: Int.bitWidth)
        small = Array(repeating: [], count: Self.pageOrder)
        // Covers any size by the largest blocks that begin at a multiple of their own size.
        var page = 0
        while page < count {
            var order = Self.pageOrder
            while order < 62 {
                let size = (1 << (order + 1)) >> Self.pageOrder
                guard page % size == 0, page + size <= count else { break }
                order += 1
            }
            insert(page, order: order)
            page += (1 << order) >> Self.pageOrder
        }
    }

    /// A block of at least that many bytes; `nil` where there is none left.
    package mutating func allocate(byteCount: Int) -> (offset: Int, capacity: Int)? {
        guard byteCount >= 0, byteCount <= 1 << 48 else { return nil }
        let wanted = max(byteCount, Self.smallest)
        let order = Int.bitWidth - (wanted - 1).leadingZeroBitCount
        guard let offset = order < Self.pageOrder ? takeSmall(order: order) : takeLarge(order: order, mark: true)
        else { return nil }
        usedByteCount += 1 << order
        return (offset, 1 << order)
    }

    /// Takes a block back. True where it was one; false for what is none, and nothing happens.
    package mutating func free(offset: Int, capacity: Int) -> Bool {
        guard capacity >= Self.smallest, capacity.nonzeroBitCount == 1, offset >= 0, offset % capacity == 0,
            offset / Self.pageSize < pages.count
        else { return false }
        let order = capacity.trailingZeroBitCount
        let page = offset / Self.pageSize
        guard pages[page].takenOrder == Int8(order) else { return false }
        usedByteCount -= capacity
        if order < Self.pageOrder {
            small[order].append(offset)
            return true
        }
        pages[page].takenOrder = PageTable.Page.none
        join(page, order: order)
        return true
    }

    private mutating func takeSmall(order: Int) -> Int? {
        if let offset = small[order].popLast() { return offset }
        guard let start = takeLarge(order: Self.pageOrder, mark: false) else { return nil }
        pages[start / Self.pageSize].takenOrder = Int8(order)
        let size = 1 << order
        for offset in stride(from: start + Self.pageSize - size, to: start, by: -size) { small[order].append(offset) }
        return start
    }

    private mutating func takeLarge(order: Int, mark: Bool) -> Int? {
        guard let found = (order..<heads.count).first(where: { heads[$0] >= 0 }) else { return nil }
        let page = Int(heads[found])
        remove(page, order: found)
        // The halves that are not needed are free blocks of their own.
        var current = found
        while current > order {
            current -= 1
            insert(page + (1 << current) / Self.pageSize, order: current)
        }
        if mark { pages[page].takenOrder = Int8(order) }
        return page * Self.pageSize
    }

    private mutating func join(_ page: Int, order: Int) {
        var page = page
        var order = order
        while true {
            let size = (1 << order) / Self.pageSize
            let buddy = page ^ size
            guard buddy + size <= pages.count, pages[buddy].freeOrder == Int8(order) else { break }
            remove(buddy, order: order)
            page = min(page, buddy)
            order += 1
        }
        insert(page, order: order)
    }

    private mutating func insert(_ page: Int, order: Int) {
        let head = heads[order]
        pages[page].freeOrder = Int8(order)
        pages[page].next = head
        pages[page].previous = -1
        if head >= 0 { pages[Int(head)].previous = Int32(page) }
        heads[order] = Int32(page)
    }

    private mutating func remove(_ page: Int, order: Int) {
        pages[page].freeOrder = PageTable.Page.none
        let (next, previous) = (pages[page].next, pages[page].previous)
        if previous >= 0 { pages[Int(previous)].next = next } else { heads[order] = next }
        if next >= 0 { pages[Int(next)].previous = previous }
    }
}
