/// Where the two parts of a ring lie: one that only the producer writes, one that only the consumer writes.
///
///     producer's part:  0 tail (bytes ever written)   64 doorbell 68 wanted reader   128 the bytes, `capacity` of them
///     consumer's part:  0 head (bytes ever read)      64 sleepers   68 callers   72 callers asleep   128 local readers
///
/// So neither side can change the other's words; what it writes into its own is looked at with suspicion.
///
/// A record is a header of 8 bytes (payload's length, kind), the payload, and up to 7 bytes of padding. It may lie
/// across the end.
package struct RingMemory: Sendable {
    /// The largest payload that a ring carries; larger ones lie in an arena, and the record says where.
    package static let largestPayload = 16 << 10

    static let tail = 0
    static let doorbell = 64
    static let wantedReader = 68
    static let head = 0
    static let sleepers = 64
    static let callers = 68
    static let callersAsleep = 72
    static let localReaders = 128
    static let bytes = 128
    static let headerSize = 8

    /// Bytes of the producer's part of a ring of that capacity.
    package static func producerByteCount(capacity: Int) -> Int { bytes + capacity }
    /// Bytes of the consumer's part.
    package static let consumerByteCount = localReaders + Processor.most

    // The pointers are into regions, which `regions` keeps mapped.
    nonisolated(unsafe) let producer: UnsafeMutableRawPointer
    nonisolated(unsafe) let consumer: UnsafeMutableRawPointer
    let capacity: Int
    private let regions: [SharedRegion]

    /// - Parameter capacity: a power of two, at least four times the largest record.
    package init(
        producer: SharedRegion, at producerOffset: Int, consumer: SharedRegion, at consumerOffset: Int, capacity: Int
    ) {
        precondition(capacity.nonzeroBitCount == 1 && capacity >= 4 * (Self.largestPayload + 16))
        precondition(producerOffset % 64 == 0 && consumerOffset % 64 == 0)
        precondition(producerOffset + Self.producerByteCount(capacity: capacity) <= producer.byteCount)
        precondition(consumerOffset + Self.consumerByteCount <= consumer.byteCount)
        self.producer = producer.base + producerOffset
        self.consumer = consumer.base + consumerOffset
        self.capacity = capacity
        self.regions = [producer, consumer]
    }

    static func recordSize(payload: Int) -> Int { (headerSize + payload + 7) & ~7 }
}

/// The other side of a ring wrote what can't be: it is broken, or hostile. Nothing more can be got through.
package struct RingFault: Error, Equatable, CustomStringConvertible {
    package var description: String

    package init(description: String) {
        self.description = description
    }
}
