#if canImport(Glibc)
internal import Glibc
#endif

/// Bytes of one or more tensors, reference counted, with an owner that knows how to give them back.
///
/// Invariant behind `@unchecked Sendable`: whoever allocates a storage fills it before sharing it; from then on nobody
/// writes to it. `base` stays valid until the last reference goes.
package final class TensorStorage: @unchecked Sendable {
    /// Where the memory came from, and so how it is given back.
    private enum Owner {
        case pool(any TensorMemory, block: UnsafeMutableRawPointer, capacity: Int)
        case object(AnyObject)
        case foreign(release: () -> Void)
        case nobody
    }

    /// Memory handed to plugins is aligned to this many bytes.
    package static let alignment = 64

    /// The first byte. Never null, even when `byteCount` is 0.
    package let base: UnsafeMutableRawPointer
    /// How many bytes may be read from `base`.
    package let byteCount: Int
    private let owner: Owner

    private init(base: UnsafeMutableRawPointer, byteCount: Int, owner: Owner) {
        self.base = base
        self.byteCount = byteCount
        self.owner = owner
    }

    deinit {
        switch owner {
        case .pool(let pool, let block, let capacity): pool.giveBack(block, capacity: capacity)
        case .foreign(let release): release()
        case .object, .nobody: break
        }
    }

    /// Uninitialised memory, aligned to 64 bytes. The caller fills all of it before sharing it.
    ///
    /// Out of memory ends the process: for sizes that a request or plugin chooses, see `allocateIfPossible`.
    ///
    /// - Parameter pool: where from; by default what the caller prefers, else the process's own pool.
    package static func allocate(byteCount: Int, pool: (any TensorMemory)? = nil) -> TensorStorage {
        guard let storage = allocateIfPossible(byteCount: byteCount, pool: pool) else {
            fatalError("out of memory: \(byteCount) bytes")
        }
        return storage
    }

    /// Uninitialised memory, aligned to 64 bytes; `nil` where there is not so much. What is preferred is no more than
    /// that: where it has no room, the process's own pool steps in.
    package static func allocateIfPossible(byteCount: Int, pool: (any TensorMemory)? = nil) -> TensorStorage? {
        precondition(byteCount >= 0)
        if byteCount == 0 { return empty }
        if let pool { return allocate(byteCount, from: pool) }
        if let preferred = PreferredMemory.current, let storage = allocate(byteCount, from: preferred) {
            return storage
        }
        return allocate(byteCount, from: MemoryPool.shared)
    }

    private static func allocate(_ byteCount: Int, from pool: any TensorMemory) -> TensorStorage? {
        // The pool's own blocks are aligned already; asking for more would double what a power of two takes.
        let padding = pool.alignsBlock(of: byteCount) ? 0 : alignment - 1
        guard let (block, capacity) = pool.take(atLeast: byteCount + padding) else { return nil }
        let address = UInt(bitPattern: block)
        let start = Int((UInt(alignment) - address % UInt(alignment)) % UInt(alignment))
        return TensorStorage(
            base: block + start, byteCount: byteCount, owner: .pool(pool, block: block, capacity: capacity))
    }

    /// Memory of another object, e.g. a slice of a received network buffer, which `owner` keeps alive.
    ///
    /// The bytes must not change while the storage lives, and need not be aligned.
    package static func slice(of bytes: UnsafeRawBufferPointer, keptAliveBy owner: AnyObject) -> TensorStorage {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return empty }
        return TensorStorage(
            base: UnsafeMutableRawPointer(mutating: base), byteCount: bytes.count, owner: .object(owner))
    }

    /// Some of another storage's bytes; all of them are that storage itself.
    package static func slice(of bytes: UnsafeRawBufferPointer, in storage: TensorStorage) -> TensorStorage {
        if bytes.count == storage.byteCount, bytes.baseAddress == UnsafeRawPointer(storage.base) { return storage }
        return slice(of: bytes, keptAliveBy: storage)
    }

    /// Memory of a plugin; `release` is called exactly once, on whichever thread drops the last reference.
    package static func foreign(
        _ bytes: UnsafeRawBufferPointer, release: @escaping () -> Void
    ) -> TensorStorage {
        TensorStorage(
            base: bytes.baseAddress.map(UnsafeMutableRawPointer.init(mutating:)) ?? empty.base,
            byteCount: bytes.count, owner: .foreign(release: release))
    }

    /// Storage of no bytes.
    package static let empty = TensorStorage(
        base: UnsafeMutableRawPointer.allocate(byteCount: alignment, alignment: alignment), byteCount: 0,
        owner: .nobody)

    /// A fresh aligned copy of some bytes.
    ///
    /// - Parameter preferred: where it had best lie; where there is no room, or by default, wherever `allocate` finds some.
    package static func copy(
        of bytes: UnsafeRawBufferPointer, preferably preferred: (any TensorMemory)? = nil
    ) -> TensorStorage {
        let storage =
            preferred.flatMap { allocateIfPossible(byteCount: bytes.count, pool: $0) }
            ?? allocate(byteCount: bytes.count)
        if let source = bytes.baseAddress, bytes.count > 0 {
            storage.base.copyMemory(from: source, byteCount: bytes.count)
        }
        return storage
    }

    /// All the bytes. Valid only while the storage is referenced.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }
    /// All the bytes, to be filled by whoever allocated the storage, before anyone else sees it.
    package var mutableBytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    }
}
