/// What of this machine's shared memory clients may share with the gateway.
package struct SharedMemoryConfiguration: Sendable, Equatable {
    /// Patterns of the objects' names, without the slash before them.
    package var allowed: [String]
    /// Bytes of one region at most.
    package var maxRegion = 256 << 20

    package init(allowed: [String]) {
        self.allowed = allowed
    }
}
