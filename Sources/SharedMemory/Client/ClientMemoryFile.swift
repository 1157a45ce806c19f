internal import Glibc

/// A POSIX shared memory object that a client made, open for as long as somebody uses it.
///
/// The client owns the object and may shrink it at any moment, so the gateway never maps it: a page that is gone would
/// end the process by SIGBUS. It is read and written by `pread` and `pwrite`, which then tell how much there was. Nor is
/// anything looked at twice: what was read is the gateway's own copy, which the client can't change under a plugin.
final class ClientMemoryFile: Sendable {
    /// Why there is no such object.
    enum Failure: Error {
        case notFound
        case notAllowed
        /// Something else of that name: a folder, a device, a link.
        case notMemory
        case system(String)
    }

    private let descriptor: Int32

    /// Opens the object; `name` has no slash in it.
    init(name: String) throws(Failure) {
        // glibc looks in /dev/shm only, follows no links there, and waits for nobody.
        descriptor = shm_open("/" + name, O_RDWR, 0)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT: throw .notFound
            case EACCES, EPERM: throw .notAllowed
            case ELOOP, ENXIO, EISDIR: throw .notMemory
            default: throw .system(String(cString: strerror(errno)))
            }
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notMemory
        }
    }

    deinit { close(descriptor) }

    /// Bytes that the object has now; the client may change that at once.
    var byteCount: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Fills `target` from `offset` on; how many bytes there were, fewer where the object ends.
    func read(into target: UnsafeMutableRawBufferPointer, from offset: Int) -> Int {
        var filled = 0
        while filled < target.count, let base = target.baseAddress {
            let count = pread(descriptor, base + filled, target.count - filled, off_t(offset + filled))
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            filled += count
        }
        return filled
    }

    /// Writes all of `bytes` from `offset` on, where the object reaches so far; `false` otherwise.
    ///
    /// An object that the client shrinks just then grows again by that write: nothing worse.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard offset + bytes.count <= byteCount else { return false }
        var written = 0
        while written < bytes.count, let base = bytes.baseAddress {
            let count = pwrite(descriptor, base + written, bytes.count - written, off_t(offset + written))
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return false }
            written += count
        }
        return true
    }
}
