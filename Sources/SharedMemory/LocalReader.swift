internal import CSharedMemory

/// A reader of a ring that keeps to one processor, for producers on that processor.
///
/// To wake a thread elsewhere takes waking its processor as well, where that has nothing to do: 20 microseconds on a virtual
/// machine. On the producer's own it takes 2, and as many for the way back, if the producer sleeps until it is answered. A
/// producer asks for such a reader by a word of its own part of the ring; the consumer's part says which ones there are.
package struct LocalReader: Equatable, Sendable {
    /// A bit for each tells them apart, beside those of other sleepers.
    package static let most = 30

    private let index: Int

    /// - Parameter index: less than `most`.
    package init(index: Int) {
        self.index = index
    }

    /// 0 is none; what a hostile consumer says is some reader, or none.
    fileprivate init?(byte: UInt8) {
        guard byte > 0, byte <= Self.most else { return nil }
        index = Int(byte) - 1
    }

    fileprivate var byte: UInt8 { UInt8(index + 1) }
    var kinds: UInt32 { 4 << UInt32(index) }
}

extension RingWriter {
    /// The reader that keeps to a processor. Where there is none, one is asked for.
    package func reader(on processor: Processor) -> LocalReader? {
        let entry = memory.consumer + RingMemory.localReaders + processor.number
        if let reader = LocalReader(byte: shared_load_u8(entry)) { return reader }
        shared_store_u32(memory.producer + RingMemory.wantedReader, UInt32(processor.number + 1))
        return nil
    }

    /// Wakes a reader on this very processor, and no other one if it sleeps.
    package func wake(_ reader: LocalReader) {
        if shared_wake(memory.producer + RingMemory.doorbell, 1, reader.kinds) == 0 { wake() }
    }
}

extension Doorbell {
    /// The processor that a reader was asked for last.
    package var wantedReader: Processor? {
        let word = shared_load_u32(memory.producer + RingMemory.wantedReader)
        return word > 0 && word <= Processor.most ? Processor(number: Int(word) - 1) : nil
    }

    /// Says that a reader keeps to a processor from now on.
    package func say(_ reader: LocalReader, keepsTo processor: Processor) {
        shared_store_u8(memory.consumer + RingMemory.localReaders + processor.number, reader.byte)
    }
}
