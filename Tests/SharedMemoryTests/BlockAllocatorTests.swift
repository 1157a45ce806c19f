import SharedMemory
import Testing

@Suite struct BlockAllocatorTests {
    private static let page = BlockAllocator.pageSize

    @Test func blocksAreAlignedAndLargeEnough() throws {
        var blocks = BlockAllocator(byteCount: 64 * Self.page)
        for size in [0, 1, 63, 64, 256, 257, 4096, 65535, 65536, 65537, 1 << 20] {
            let allocated = blocks.allocate(byteCount: size)
            let block = try #require(allocated)
            #expect(block.capacity >= size)
            #expect(block.offset % 64 == 0)
            #expect(block.offset + block.capacity <= 64 * Self.page)
        }
    }

    @Test func everythingFreedJoinsToTheWholeAgain() throws {
        // Not a power of two: the arena is several largest blocks.
        var blocks = BlockAllocator(byteCount: 7 * Self.page)
        var whole: [(offset: Int, capacity: Int)] = []
        while let block = blocks.allocate(byteCount: Self.page) { whole.append(block) }
        #expect(whole.count == 7)
        let none = blocks.allocate(byteCount: 1)
        #expect(none == nil, "it is full")
        for block in whole {
            let isFreed = blocks.free(offset: block.offset, capacity: block.capacity)
            #expect(isFreed)
        }
        #expect(blocks.usedByteCount == 0)
        let four = blocks.allocate(byteCount: 4 * Self.page)
        #expect(four?.capacity == 4 * Self.page)
        let another = blocks.allocate(byteCount: 4 * Self.page)
        #expect(another == nil)
        let two = blocks.allocate(byteCount: 2 * Self.page)
        #expect(two?.capacity == 2 * Self.page)
    }

    @Test func impossibleSizesAreRefused() {
        var blocks = BlockAllocator(byteCount: Self.page)
        for size in [-1, .max, Self.page + 1] {
            let block = blocks.allocate(byteCount: size)
            #expect(block == nil)
        }
    }

    @Test(arguments: [(-256, 256), (128, 256), (0, 512), (0, 255), (1 << 40, 256), (0, Int.min)])
    func whatIsNoBlockIsNotFreed(offset: Int, capacity: Int) {
        var blocks = BlockAllocator(byteCount: 4 * Self.page)
        let block = blocks.allocate(byteCount: 256)
        #expect(block?.offset == 0)
        let freed = blocks.free(offset: offset, capacity: capacity)
        #expect(!freed)
        #expect(blocks.usedByteCount == 256)
    }

    /// A long random life, held against what a list of taken ranges says.
    @Test func randomLifeNeverOverlapsAndNeverLeaks() {
        var random = SystemRandomNumberGenerator()
        var blocks = BlockAllocator(byteCount: 37 * Self.page)
        var taken: [(offset: Int, capacity: Int)] = []
        for _ in 0..<20_000 {
            if taken.isEmpty || Bool.random(using: &random) {
                let size = 1 << Int.random(in: 0...18, using: &random)
                guard let block = blocks.allocate(byteCount: Int.random(in: 1...size, using: &random)) else {
                    for block in taken { _ = blocks.free(offset: block.offset, capacity: block.capacity) }
                    taken = []
                    #expect(blocks.usedByteCount == 0)
                    continue
                }
                let overlaps = taken.contains {
                    block.offset < $0.offset + $0.capacity && $0.offset < block.offset + block.capacity
                }
                #expect(!overlaps)
                taken.append(block)
            } else {
                let block = taken.remove(at: Int.random(in: taken.indices, using: &random))
                let freed = blocks.free(offset: block.offset, capacity: block.capacity)
                #expect(freed)
            }
        }
        #expect(blocks.usedByteCount == taken.reduce(0) { $0 + $1.capacity })
    }
}
