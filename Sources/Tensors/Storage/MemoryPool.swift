#if canImport(Glibc)
internal import Glibc
#endif
internal import NIOConcurrencyHelpers

/// Keeps large blocks for reuse, so that megabyte tensors don't pay for mapping and faulting fresh pages each time.
///
/// Small blocks go to malloc, whose per-thread caches are faster than any lock. Blocks from 64 KiB on are rounded up to
/// a power of two and kept, up to `retainedLimit` bytes in all.
package final class MemoryPool: TensorMemory, Sendable {
    package static let shared = MemoryPool(retainedLimit: 256 << 20)

    /// Blocks below this go straight to malloc; those from it on are aligned as tensors are.
    static let smallest = 64 << 10
    /// Blocks above this are never kept.
    private static let largest = 64 << 20

    /// Free blocks by size class.
    ///
    /// Invariant behind `@unchecked Sendable`: a block in the list is referenced by nobody else.
    private struct Free: @unchecked Sendable {
        var byClass: [[UnsafeMutableRawPointer]] = Array(repeating: [], count: Int.bitWidth)
        var retained = 0
    }

    private let free = NIOLockedValueBox(Free())
    private let retainedLimit: Int

    package init(retainedLimit: Int) {
        self.retainedLimit = retainedLimit
    }

    deinit {
        free.withLockedValue { free in
            for blocks in free.byClass { for block in blocks { Glibc.free(block) } }
        }
    }

    /// Bytes in free blocks that wait for reuse.
    package var retainedByteCount: Int { free.withLockedValue { $0.retained } }

    /// A block of at least that many bytes and its true capacity; `nil` when out of memory.
    package func take(atLeast byteCount: Int) -> (UnsafeMutableRawPointer, capacity: Int)? {
        guard byteCount >= Self.smallest, byteCount <= Self.largest else {
            return Self.allocate(byteCount).map { ($0, byteCount) }
        }
        let sizeClass = Int.bitWidth - (byteCount - 1).leadingZeroBitCount
        let capacity = 1 << sizeClass
        let reused = free.withLockedValue { free -> UnsafeMutableRawPointer? in
            guard let block = free.byClass[sizeClass].popLast() else { return nil }
            free.retained -= capacity
            return block
        }
        return (reused ?? Self.allocate(capacity)).map { ($0, capacity) }
    }

    package func alignsBlock(of byteCount: Int) -> Bool { byteCount >= Self.smallest }

    package func giveBack(_ block: UnsafeMutableRawPointer, capacity: Int) {
        guard capacity >= Self.smallest, capacity <= Self.largest, capacity.nonzeroBitCount == 1 else {
            Glibc.free(block)
            return
        }
        let kept = free.withLockedValue { free -> Bool in
            guard free.retained + capacity <= retainedLimit else { return false }
            free.byClass[capacity.trailingZeroBitCount].append(block)
            free.retained += capacity
            return true
        }
        if !kept { Glibc.free(block) }
    }

    private static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard byteCount >= smallest else { return malloc(byteCount) }
        let alignment = TensorStorage.alignment
        guard byteCount <= Int.max - alignment else { return nil }
        return aligned_alloc(alignment, (byteCount + alignment - 1) / alignment * alignment)
    }
}
