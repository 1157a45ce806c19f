internal import Glibc

/// Which file stands at a path, and in which state: as much as the system tells without reading it.
package struct FileIdentity: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
    private let size: Int64
    private let modifiedNanoseconds: Int64

    /// `nil` where there is no regular file.
    package init?(path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        self.init(facts)
    }

    init?(descriptor: Int32) {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { return nil }
        self.init(facts)
    }

    private init?(_ facts: stat) {
        guard facts.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
        size = Int64(facts.st_size)
        modifiedNanoseconds = Int64(facts.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(facts.st_mtim.tv_nsec)
    }

    /// Whether both are one file, whatever was written to it in between.
    func isSameFile(as other: FileIdentity) -> Bool { device == other.device && inode == other.inode }
}
