internal import Glibc

/// How a runner comes to a network with nothing in it.
enum NetworkWay: UInt8, Sendable {
    /// It makes one.
    case make = 0
    /// It goes into the one that it was handed.
    case join = 1
    /// The same, by way of the user namespace that it belongs to: the gateway has no privileges.
    case joinOwned = 2
}

/// The network with nothing in it that a keeper's first runner made, for those that come after it.
///
/// To make one takes the kernel up to a millisecond in which it lets nobody else run, and to clear it away as much. Only
/// runners of one keeper share theirs, one after the other, so none can meet another in it.
final class EmptyNetwork {
    let way: NetworkWay
    /// The namespaces, in the order of `ChannelLayout`.
    let descriptors: [Int32]

    /// The network of a process that says it has made one; `nil` where that can't be had, or is this process's own.
    init?(of process: Int32) {
        let network = Self.open("net", of: process)
        let owner = Self.open("user", of: process)
        guard let network, let owner, !Self.isOwn(network, "net") else {
            for descriptor in [network, owner].compactMap({ $0 }) { close(descriptor) }
            return nil
        }
        if Self.isOwn(owner, "user") {
            close(owner)
            way = .join
            descriptors = [network]
        } else {
            way = .joinOwned
            descriptors = [network, owner]
        }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    private static func open(_ kind: String, of process: Int32) -> Int32? {
        let descriptor = Glibc.open("/proc/\(process)/ns/\(kind)", O_RDONLY | O_CLOEXEC)
        return descriptor < 0 ? nil : descriptor
    }

    private static func isOwn(_ descriptor: Int32, _ kind: String) -> Bool {
        var (own, other) = (stat(), stat())
        // In doubt it is: then every runner makes its own network.
        guard stat("/proc/self/ns/\(kind)", &own) == 0, fstat(descriptor, &other) == 0 else { return true }
        return own.st_ino == other.st_ino && own.st_dev == other.st_dev
    }
}
