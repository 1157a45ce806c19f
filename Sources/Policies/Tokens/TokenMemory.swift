internal import NIOConcurrencyHelpers

/// Tokens that were checked before, by their digests: checking a signature costs a hundred times what a look-up does.
///
/// Bounded: there are two generations, and when the younger one is full the older one is forgotten.
///
/// Invariant behind `@unchecked Sendable`: `young` and `old` are touched under `lock` only.
final class TokenMemory: @unchecked Sendable {
    /// A token whose signature, issuer and audience were right.
    struct Entry: Sendable {
        var principal: Principal
        var issuer: TokenIssuer
        /// Of the issuer's keys, when it was checked.
        var generation: UInt64
        /// Seconds since 1970 from which, and up to which, it holds; the issuer's skew is in them.
        var begins: Int64
        var ends: Int64
    }

    private let capacity: Int
    private let lock = NIOLock()
    private var young: [KeyDigest: Entry] = [:]
    private var old: [KeyDigest: Entry] = [:]

    /// - Parameter capacity: entries of one generation.
    init(capacity: Int = 4096) {
        self.capacity = capacity
    }

    func find(_ digest: KeyDigest) -> Entry? {
        lock.lock()
        defer { lock.unlock() }
        if let entry = young[digest] { return entry }
        guard let entry = old[digest] else { return nil }
        insert(entry, digest)
        return entry
    }

    func keep(_ entry: Entry, _ digest: KeyDigest) {
        lock.lock()
        defer { lock.unlock() }
        insert(entry, digest)
    }

    func forget(_ digest: KeyDigest) {
        lock.lock()
        defer { lock.unlock() }
        young[digest] = nil
        old[digest] = nil
    }

    private func insert(_ entry: Entry, _ digest: KeyDigest) {
        if young.count >= capacity, young[digest] == nil {
            old = young
            young = [:]
        }
        young[digest] = entry
    }

    /// How many are kept.
    var count: Int { lock.withLock { Set(young.keys).union(old.keys).count } }
}
