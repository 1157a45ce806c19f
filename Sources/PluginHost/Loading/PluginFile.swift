internal import Crypto
internal import Glibc
internal import NIOConcurrencyHelpers

/// A plugin's file, held open: what is hashed is what gets loaded.
struct PluginFile: ~Copyable {
    let path: String
    let identity: FileIdentity
    /// 64 lower-case hexadecimal digits.
    let sha256: String
    private let descriptor: Descriptor

    /// Closes when it goes.
    private struct Descriptor: ~Copyable {
        let number: Int32
        deinit { if number >= 0 { close(number) } }
    }

    init(path: String) throws(PluginLoadError) {
        let descriptor = Descriptor(number: Glibc.open(path, O_RDONLY | O_CLOEXEC))
        guard descriptor.number >= 0 else {
            let kind: PluginLoadError.Kind = errno == ENOENT ? .notFound : .unreadable
            throw PluginLoadError(kind, "can't open \(path): \(String(cString: strerror(errno)))")
        }
        guard let identity = FileIdentity(descriptor: descriptor.number) else {
            throw PluginLoadError(.unreadable, "\(path) is not a regular file")
        }
        let sha256 = try Self.digest(ofDescriptor: descriptor.number, path: path)
        self.path = path
        self.identity = identity
        self.sha256 = sha256
        self.descriptor = descriptor
    }

    /// Loads it.
    ///
    /// - Parameter isPinned: whether it must be the very bytes that were hashed: it is then loaded through a descriptor,
    ///   which leaves no moment in which the file could be exchanged.
    func load(isPinned: Bool) throws(PluginLoadError) -> UnsafeMutableRawPointer {
        let name = isPinned ? try descriptorName(of: dup(descriptor.number)) : try linkerName()
        // RTLD_NODELETE and no dlclose: unloading a Swift plugin crashes the process.
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
            throw PluginLoadError(.notLoadable, "can't load \(path): \(reason)")
        }
        return handle
    }

    /// The name of a descriptor that is kept open from now on: the linker remembers the library by it.
    private func descriptorName(of descriptor: Int32) throws(PluginLoadError) -> String {
        guard descriptor >= 0 else {
            throw PluginLoadError(.unreadable, "can't open \(path): \(String(cString: strerror(errno)))")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return "/proc/self/fd/\(descriptor)"
    }

    // MARK: Names

    /// What stood at each path when it was loaded, in order.
    private static let loaded = NIOLockedValueBox<[String: [FileIdentity]]>([:])

    /// The name to load it by.
    ///
    /// The dynamic linker takes a name that it knows for the library that it loaded by that name, without a look at the
    /// file; so each further build at one path is loaded by another spelling of it, `folder/./file`. A plugin still
    /// finds what lies beside it.
    private func linkerName() throws(PluginLoadError) -> String {
        let (index, isRewritten) = Self.loaded.withLockedValue { loaded -> (Int, Bool) in
            var builds = loaded[path] ?? []
            if let index = builds.firstIndex(of: identity) { return (index, false) }
            if builds.contains(where: { $0.isSameFile(as: identity) }) { return (builds.count, true) }
            builds.append(identity)
            loaded[path] = builds
            return (builds.count - 1, false)
        }
        // The linker also knows files by their inode, and what it mapped from this one is not what it was.
        if isRewritten {
            throw PluginLoadError(
                .overwritten,
                "\(path) was written over while it is loaded, which may crash the gateway at any time; put a new build in "
                    + "its place by renaming (mv, install), and start the gateway again")
        }
        guard index > 0, let slash = path.lastIndex(of: "/") else { return path }
        return path[..<slash] + String(repeating: "/.", count: index) + path[slash...]
    }

    private static func digest(ofDescriptor descriptor: Int32, path: String) throws(PluginLoadError) -> String {
        var hasher = SHA256()
        // Small enough that to have it costs little beside reading a small plugin.
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        var offset = off_t(0)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, offset)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw PluginLoadError(.unreadable, "can't read \(path): \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            offset += off_t(count)
            buffer.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        let digits = Array("0123456789abcdef")
        return String(hasher.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
