import CSharedMemory
import Glibc
import SharedMemory
import Tensors
import Testing

@Suite struct SharedRegionTests {
    @Test func readerSeesWhatTheWriterWrites() throws {
        let writer = try SharedRegion.create(name: "test", byteCount: 1 << 20, side: .writer)
        let reader = try writer.withDescriptor { try SharedRegion.open(descriptor: dup($0), side: .reader) }
        writer.base.storeBytes(of: 42, toByteOffset: 4096, as: UInt64.self)
        #expect(reader.base.load(fromByteOffset: 4096, as: UInt64.self) == 42)
        #expect(reader.byteCount == 1 << 20)
    }

    @Test func whatTheHostWritesNobodyElseCanMapWritable() throws {
        let region = try SharedRegion.create(name: "test", byteCount: 1 << 16, side: .writer)
        region.withDescriptor { descriptor in
            #expect(throws: SharedRegion.Failure.self) {
                try SharedRegion.open(descriptor: dup(descriptor), side: .writer)
            }
            let readOnly = mmap(nil, 4096, PROT_READ, MAP_SHARED, descriptor, 0)
            #expect(readOnly != MAP_FAILED)
            #expect(mprotect(readOnly, 4096, PROT_READ | PROT_WRITE) != 0, "nor make it so later")
            munmap(readOnly, 4096)
            var byte: UInt8 = 1
            #expect(pwrite(descriptor, &byte, 1, 0) == -1)
        }
    }

    @Test func sizeCantChange() throws {
        for side in [SharedRegion.Side.writer, .reader] {
            let region = try SharedRegion.create(name: "test", byteCount: 1 << 16, side: side)
            region.withDescriptor { descriptor in
                #expect(ftruncate(descriptor, 0) != 0)
                #expect(ftruncate(descriptor, 1 << 20) != 0)
            }
        }
    }

    @Test func unsealedFileIsNotOpened() {
        let file = tmpfile()
        defer { fclose(file) }
        let descriptor = dup(fileno(file))
        #expect(ftruncate(descriptor, 4096) == 0)
        #expect(throws: SharedRegion.Failure.self) { try SharedRegion.open(descriptor: descriptor, side: .reader) }
    }

    @Test func arenaIsTensorMemory() throws {
        let region = try SharedRegion.create(name: "arena", byteCount: 4 << 20, side: .writer)
        let arena = SharedArena(region, from: 64 << 10)
        do {
            let tensor = TensorStorage.allocate(byteCount: 1000, pool: arena)
            #expect(UInt(bitPattern: tensor.base) % 64 == 0)
            let offset = try #require(arena.offset(of: tensor.base, byteCount: 1000))
            #expect(offset >= 64 << 10)
            #expect(arena.usedByteCount == 1024)
            #expect(arena.offset(of: TensorStorage.allocate(byteCount: 10).base, byteCount: 10) == nil)
        }
        #expect(arena.usedByteCount == 0, "memory comes back when nobody uses it")
        #expect(TensorStorage.allocateIfPossible(byteCount: 8 << 20, pool: arena) == nil)
    }

    @Test func preferredMemoryIsUsedWhileThePreferenceLasts() throws {
        let arena = SharedArena(try SharedRegion.create(name: "arena", byteCount: 1 << 20, side: .writer))
        let storages = PreferredMemory.with(arena) {
            [TensorStorage.allocate(byteCount: 100), .allocate(byteCount: 8 << 20)]
        }
        #expect(arena.offset(of: storages[0].base, byteCount: 100) != nil)
        #expect(arena.offset(of: storages[1].base, byteCount: 100) == nil, "what doesn't fit comes from the pool")
        let after = TensorStorage.allocate(byteCount: 100)
        #expect(arena.offset(of: after.base, byteCount: 100) == nil)
    }
}
