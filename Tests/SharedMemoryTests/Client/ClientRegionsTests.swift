import Glibc
import SharedMemory
import Tensors
import Testing

/// A shared memory object as a client makes one, gone with the last reference.
private final class ClientObject {
    let name: String
    let descriptor: Int32

    init(byteCount: Int) throws {
        name = "sluice-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        descriptor = shm_open("/" + name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        try #require(descriptor >= 0)
        try #require(ftruncate(descriptor, byteCount) == 0)
    }

    deinit {
        close(descriptor)
        shm_unlink("/" + name)
    }
}

@Suite struct ClientRegionsTests {
    private func bytes(_ storage: TensorStorage) -> [UInt8] { Array(storage.bytes) }

    private func registered(
        _ object: ClientObject, offset: Int, byteCount: Int, in all: ClientRegions
    ) throws -> any TensorRegions {
        try all.register(.init(name: "r", key: object.name, offset: offset, byteCount: byteCount), owner: "a") { _ in
            true
        }
        return all.regions(of: "a") { _ in true }
    }

    @Test func bytesComeFromTheirPlaceAndGoThere() throws {
        let object = try ClientObject(byteCount: 64)
        let regions = try registered(object, offset: 16, byteCount: 32, in: ClientRegions())
        let text = Array("region".utf8)
        try text.withUnsafeBytes { try regions.write($0, to: RegionPlace(region: "r", offset: 4, byteCount: 8)) }
        var there = [UInt8](repeating: 0, count: 6)
        #expect(pread(object.descriptor, &there, 6, 20) == 6)
        #expect(there == text)
        #expect(bytes(try regions.read(RegionPlace(region: "r", offset: 4, byteCount: 6))) == text)
    }

    /// What was read is the gateway's own.
    @Test func clientsChangeNothingAfterwards() throws {
        let object = try ClientObject(byteCount: 8)
        let regions = try registered(object, offset: 0, byteCount: 8, in: ClientRegions())
        let read = try regions.read(RegionPlace(region: "r", byteCount: 8))
        #expect(pwrite(object.descriptor, "xxxxxxxx", 8, 0) == 8)
        #expect(bytes(read) == Array(repeating: 0, count: 8))
    }

    @Test(arguments: [
        RegionPlace(region: "r", offset: 0, byteCount: 33), RegionPlace(region: "r", offset: 33, byteCount: 0),
        RegionPlace(region: "r", offset: .max, byteCount: .max), RegionPlace(region: "r", offset: 1, byteCount: 32),
        RegionPlace(region: "s", offset: 0, byteCount: 1), RegionPlace(region: "r", offset: -1, byteCount: 1),
    ])
    func placesOutsideAreRefused(place: RegionPlace) throws {
        let object = try ClientObject(byteCount: 64)
        let regions = try registered(object, offset: 16, byteCount: 32, in: ClientRegions())
        #expect(throws: SluiceError.self) { try regions.read(place) }
        #expect(throws: SluiceError.self) { try regions.write(UnsafeRawBufferPointer(start: nil, count: 0), to: place) }
    }

    @Test func shrinkingEndsNothing() throws {
        let object = try ClientObject(byteCount: 1 << 20)
        let regions = try registered(object, offset: 0, byteCount: 1 << 20, in: ClientRegions())
        #expect(ftruncate(object.descriptor, 4096) == 0)
        #expect(throws: SluiceError.self) { try regions.read(RegionPlace(region: "r", byteCount: 1 << 20)) }
        #expect(throws: SluiceError.self) { try regions.read(RegionPlace(region: "r", offset: 4096, byteCount: 1)) }
        #expect(throws: SluiceError.self) {
            try [1 as UInt8].withUnsafeBytes {
                try regions.write($0, to: RegionPlace(region: "r", offset: 4096, byteCount: 1))
            }
        }
        #expect(try regions.read(RegionPlace(region: "r", byteCount: 4096)).byteCount == 4096)
    }

    @Test func nobodyUsesAnothersRegions() throws {
        let object = try ClientObject(byteCount: 8)
        let all = ClientRegions()
        _ = try registered(object, offset: 0, byteCount: 8, in: all)
        #expect(throws: SluiceError.self) {
            try all.regions(of: "b") { _ in true }.read(RegionPlace(region: "r", byteCount: 8))
        }
        #expect(try all.status(nil, owner: "b") == [])
        all.unregister(nil, owner: "b")
        #expect(try all.status(nil, owner: "a").map(\.key) == [object.name])
        all.unregister("r", owner: "a")
        #expect(try all.status(nil, owner: "a") == [])
    }

    /// A reload may take back what it allowed.
    @Test func whatIsNoLongerAllowedIsNoLongerUsed() throws {
        let object = try ClientObject(byteCount: 8)
        let all = ClientRegions()
        _ = try registered(object, offset: 0, byteCount: 8, in: all)
        #expect(throws: SluiceError.self) {
            try all.regions(of: "a") { _ in false }.read(RegionPlace(region: "r", byteCount: 8))
        }
    }

    @Test(arguments: ["", "/", ".", "..", "/..", "a/b", "//a", "a\u{1}", String(repeating: "a", count: 256)])
    func namesAreNoPaths(key: String) throws {
        #expect(throws: SluiceError.self) {
            try ClientRegions().register(.init(name: "r", key: key, offset: 0, byteCount: 1), owner: "a") { _ in true }
        }
    }
}
