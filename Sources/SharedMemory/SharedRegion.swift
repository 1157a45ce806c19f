internal import CSharedMemory
internal import Glibc

/// A memory file that two processes map: one of them writes to it, the other only reads.
///
/// Its size is sealed, so that neither side can make the other die by shrinking it. What the host writes can't be
/// mapped writable by anybody else.
///
/// Invariant behind `@unchecked Sendable`: the mapping stays where it is until the last reference goes; who touches
/// which bytes when is for the users of the region to say.
package final class SharedRegion: @unchecked Sendable {
    /// Why there is no region.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String

        package init(description: String) {
            self.description = description
        }
    }

    /// Which side of a region this process is on.
    package enum Side: Sendable {
        case writer
        case reader
    }

    /// The first byte; the pages behind it are touched by use only.
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int
    package let side: Side
    private var descriptor: Int32

    private init(base: UnsafeMutableRawPointer, byteCount: Int, side: Side, descriptor: Int32) {
        self.base = base
        self.byteCount = byteCount
        self.side = side
        self.descriptor = descriptor
    }

    deinit {
        munmap(base, byteCount)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Makes a region for another process to open.
    ///
    /// - Parameter side: this process's; the other one has the other.
    package static func create(
        name: String, byteCount: Int, side: Side
    ) throws(Failure) -> SharedRegion {
        let descriptor = shared_create(name, byteCount)
        guard descriptor >= 0 else { throw failure("make", name) }
        guard let base = map(descriptor, byteCount, side) else {
            close(descriptor)
            throw failure("map", name)
        }
        if side == .writer && !shared_forbid_writing(descriptor) {
            munmap(base, byteCount)
            close(descriptor)
            throw failure("seal", name)
        }
        return SharedRegion(base: base, byteCount: byteCount, side: side, descriptor: descriptor)
    }

    /// Opens a region by a descriptor that came from its maker; the descriptor is the region's from then on.
    package static func open(descriptor: Int32, side: Side) throws(Failure) -> SharedRegion {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0, shared_is_sealed(descriptor) else {
            close(descriptor)
            throw Failure(description: "descriptor \(descriptor) is no sealed memory file")
        }
        let byteCount = Int(status.st_size)
        guard let base = map(descriptor, byteCount, side) else {
            defer { close(descriptor) }
            throw failure("map", "descriptor \(descriptor)")
        }
        close(descriptor)
        return SharedRegion(base: base, byteCount: byteCount, side: side, descriptor: -1)
    }

    private static func map(_ descriptor: Int32, _ byteCount: Int, _ side: Side) -> UnsafeMutableRawPointer? {
        let rights = side == .writer ? PROT_READ | PROT_WRITE : PROT_READ
        let base = mmap(nil, byteCount, rights, MAP_SHARED, descriptor, 0)
        return base == MAP_FAILED ? nil : base
    }

    private static func failure(_ verb: String, _ name: String) -> Failure {
        Failure(description: "can't \(verb) shared memory \(name): \(String(cString: strerror(errno)))")
    }

    /// The descriptor to hand to another process; it stays this region's.
    package func withDescriptor<Result, Failure: Error>(
        _ body: (Int32) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(descriptor)
    }

    /// No other process will be given the region any more.
    ///
    /// Not to be called while another thread is in `withDescriptor`.
    package func closeDescriptor() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }
}
