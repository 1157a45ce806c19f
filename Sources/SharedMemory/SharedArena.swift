internal import CSharedMemory
internal import NIOConcurrencyHelpers
internal import Tensors

/// Tensor memory inside a region that another process reads: what is allocated here needs no copy to get there.
///
/// Who allocates is the writer of the region; the allocator's own state is private memory.
package final class SharedArena: TensorMemory, Sendable {
    private struct Locked {
        var blocks: BlockAllocator
        /// Bytes of free blocks whose pages may still be in memory.
        var idle = 0
    }

    /// Blocks from this size on are given back to the system when more than `idleLimit` lie idle.
    private static let discardable = 1 << 20
    private static let idleLimit = 64 << 20

    private let region: SharedRegion
    /// Where in the region the arena begins.
    private let start: Int
    private let byteCount: Int
    private let locked: NIOLockedValueBox<Locked>

    /// - Parameter start: a multiple of 64; everything from there on is the arena's.
    package init(_ region: SharedRegion, from start: Int = 0) {
        precondition(region.side == .writer && start % TensorStorage.alignment == 0)
        self.region = region
        self.start = start
        self.byteCount = (region.byteCount - start) / BlockAllocator.pageSize * BlockAllocator.pageSize
        self.locked = NIOLockedValueBox(Locked(blocks: BlockAllocator(byteCount: byteCount)))
    }

    package var usedByteCount: Int { locked.withLockedValue { $0.blocks.usedByteCount } }

    package func take(atLeast byteCount: Int) -> (UnsafeMutableRawPointer, capacity: Int)? {
        let block = locked.withLockedValue { locked -> (offset: Int, capacity: Int)? in
            guard let block = locked.blocks.allocate(byteCount: byteCount) else { return nil }
            if block.capacity >= Self.discardable { locked.idle = max(0, locked.idle - block.capacity) }
            return block
        }
        return block.map { (region.base + start + $0.offset, $0.capacity) }
    }

    package func alignsBlock(of byteCount: Int) -> Bool { true }

    package func giveBack(_ block: UnsafeMutableRawPointer, capacity: Int) {
        let offset = block - (region.base + start)
        if capacity >= Self.discardable {
            let discard = locked.withLockedValue { locked -> Bool in
                guard locked.idle + capacity > Self.idleLimit else {
                    locked.idle += capacity
                    return false
                }
                return true
            }
            // Before the block is free: afterwards it might be somebody else's already.
            if discard { shared_discard(block, capacity) }
        }
        let wasTaken = locked.withLockedValue { $0.blocks.free(offset: offset, capacity: capacity) }
        precondition(wasTaken, "an arena was given back what it never gave out")
    }

    /// Where in the region some bytes lie, if they are the arena's.
    package func offset(of bytes: UnsafeRawPointer, byteCount: Int) -> Int? {
        let offset = bytes - UnsafeRawPointer(region.base)
        guard offset >= start, offset <= region.byteCount, byteCount <= region.byteCount - offset else { return nil }
        return offset
    }
}
