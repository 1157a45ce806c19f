internal import SharedMemory

/// How the memory between a gateway and a runner is laid out. Both are built from this source, and a runner that isn't
/// says so before anything else (`LoadOrder.protocolVersion`).
///
///     "inputs"  written by the gateway, one per model    tensors of requests
///     "host"    written by the gateway, one per runner   requests and control (ring bytes), answers (ring head)
///     "runner"  written by the runner                    answers (ring bytes), requests and control (ring heads), tensors
enum ChannelLayout {
    /// Descriptors as the runner finds them.
    static let socket: Int32 = 3
    static let inputs: Int32 = 4
    static let host: Int32 = 5
    static let runner: Int32 = 6
    /// The namespaces of an `EmptyNetwork`, where the runner is to go into one.
    static let network: Int32 = 7
    static let networkOwner: Int32 = 8

    static let ringCapacity = 256 << 10
    /// How much a model's inputs, or a runner's outputs, may take at a time. Only what is touched takes memory.
    static let arenaByteCount = 4 << 30

    private static let requestsBytes = 0
    private static let controlBytes = pageAligned(RingMemory.producerByteCount(capacity: ringCapacity))
    private static let answersHead = 2 * controlBytes
    static let hostByteCount = answersHead + 4096

    private static let requestsHead = 0
    private static let controlHead = 1024
    private static let answersBytes = 4096
    /// Where the runner's tensors begin.
    static let outputsStart =
        (answersBytes + RingMemory.producerByteCount(capacity: ringCapacity) + BlockAllocator.pageSize - 1)
        / BlockAllocator.pageSize * BlockAllocator.pageSize
    static let runnerByteCount = outputsStart + arenaByteCount

    private static func pageAligned(_ count: Int) -> Int { (count + 4095) & ~4095 }

    static func requests(host: SharedRegion, runner: SharedRegion) -> RingMemory {
        RingMemory(
            producer: host, at: requestsBytes, consumer: runner, at: requestsHead, capacity: ringCapacity)
    }

    static func control(host: SharedRegion, runner: SharedRegion) -> RingMemory {
        RingMemory(producer: host, at: controlBytes, consumer: runner, at: controlHead, capacity: ringCapacity)
    }

    static func answers(host: SharedRegion, runner: SharedRegion) -> RingMemory {
        RingMemory(producer: runner, at: answersBytes, consumer: host, at: answersHead, capacity: ringCapacity)
    }
}
