import Synchronization
import Tensors
import Testing

@Suite struct TensorStorageTests {
    /// Counts how often it was released, and tells when it goes itself.
    private final class Owner: Sendable {
        let releases: Releases
        init(_ releases: Releases) { self.releases = releases }
        deinit { releases.count.wrappingAdd(1, ordering: .relaxed) }
    }

    private final class Releases: Sendable {
        let count = Atomic<Int>(0)
        var value: Int { count.load(ordering: .relaxed) }
    }

    @Test(arguments: [1, 63, 64, 65, 1_000, 65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 1, (64 << 20) + 1])
    func allocatesAlignedMemoryOfTheSizeAskedFor(byteCount: Int) {
        let storage = TensorStorage.allocate(byteCount: byteCount, pool: MemoryPool(retainedLimit: 0))
        #expect(UInt(bitPattern: storage.base) % 64 == 0)
        #expect(storage.byteCount == byteCount)
        storage.mutableBytes[0] = 1
        storage.mutableBytes[byteCount - 1] = 2
        #expect(storage.bytes[byteCount - 1] == 2)
    }

    @Test func nothingIsStillSomewhere() {
        let storage = TensorStorage.allocate(byteCount: 0)
        #expect(storage.byteCount == 0)
        #expect(storage.bytes.isEmpty)
        #expect(storage.bytes.baseAddress != nil)
    }

    @Test func sliceKeepsItsOwnerAlive() {
        let releases = Releases()
        let memory = TensorStorage.allocate(byteCount: 8)
        memory.mutableBytes.copyBytes(from: 0..<8)
        var slice: TensorStorage?
        do {
            let owner = Owner(releases)
            slice = .slice(of: UnsafeRawBufferPointer(rebasing: memory.bytes[2..<5]), keptAliveBy: owner)
        }
        #expect(releases.value == 0)
        #expect(slice.map { Array($0.bytes) } == [2, 3, 4])
        slice = nil
        #expect(releases.value == 1)
    }

    @Test func foreignMemoryIsReleasedOnceWithTheLastReference() throws {
        let releases = Releases()
        let memory = TensorStorage.allocate(byteCount: 4)
        memory.mutableBytes.copyBytes(from: 1...4)
        var first: TensorStorage? = .foreign(memory.bytes) { releases.count.wrappingAdd(1, ordering: .relaxed) }
        var tensor: Tensor? = try first.map { try Tensor(name: "y", dataType: .uint8, shape: [4], storage: $0) }
        first = nil
        #expect(releases.value == 0)
        #expect(tensor?.elements(as: UInt8.self) == [1, 2, 3, 4])
        tensor = nil
        #expect(releases.value == 1)
    }

    @Test func foreignMemoryOfNoBytesIsReleasedToo() {
        let releases = Releases()
        var storage: TensorStorage? = .foreign(UnsafeRawBufferPointer(start: nil, count: 0)) {
            releases.count.wrappingAdd(1, ordering: .relaxed)
        }
        #expect(storage?.byteCount == 0)
        storage = nil
        #expect(releases.value == 1)
    }

    @Test func copyIsIndependentOfItsSource() {
        var source: [UInt8] = [1, 2, 3]
        let copy = source.withUnsafeBytes { TensorStorage.copy(of: $0) }
        source[0] = 9
        #expect(Array(copy.bytes) == [1, 2, 3])
        #expect(source[0] == 9)
    }
}

@Suite struct MemoryPoolTests {
    @Test func largeBlocksAreUsedAgain() {
        let pool = MemoryPool(retainedLimit: 1 << 20)
        var storage: TensorStorage? = .allocate(byteCount: 100_000, pool: pool)
        let first = storage.map { UInt(bitPattern: $0.base) }
        #expect(pool.retainedByteCount == 0)
        storage = nil
        #expect(pool.retainedByteCount == 131_072)
        // Another size of the same class.
        storage = .allocate(byteCount: 120_000, pool: pool)
        #expect(storage.map { UInt(bitPattern: $0.base) } == first)
        #expect(pool.retainedByteCount == 0)
    }

    @Test func aPowerOfTwoTakesNoMoreThanItself() {
        let pool = MemoryPool(retainedLimit: 8 << 20)
        var storage: TensorStorage? = .allocate(byteCount: 1 << 20, pool: pool)
        #expect(storage != nil)
        storage = nil
        #expect(pool.retainedByteCount == 1 << 20)
    }

    @Test func keepsNoMoreThanItsLimit() {
        let pool = MemoryPool(retainedLimit: 200_000)
        var storages = (0..<3).map { _ in TensorStorage.allocate(byteCount: 65_536, pool: pool) }
        #expect(storages.count == 3)
        storages.removeAll()
        #expect(pool.retainedByteCount == 196_608)
        storages = (0..<4).map { _ in TensorStorage.allocate(byteCount: 65_536, pool: pool) }
        #expect(pool.retainedByteCount == 0)
        storages.removeAll()
        #expect(pool.retainedByteCount == 196_608)
    }

    @Test(arguments: [1, 1_000, 65_000, (64 << 20) + 1]) func smallAndHugeBlocksAreNotKept(byteCount: Int) {
        let pool = MemoryPool(retainedLimit: 1 << 30)
        var storage: TensorStorage? = .allocate(byteCount: byteCount, pool: pool)
        #expect(storage?.byteCount == byteCount)
        storage = nil
        #expect(pool.retainedByteCount == 0)
    }
}
