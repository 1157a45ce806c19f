/// Names one request within a scheduler, from its arrival until it is done; no two requests ever share one.
package struct Ticket: Sendable, Hashable {
    let slot: Int32
    let generation: UInt32

    init(slot: Int32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// A small number that no other request has at the same time: its place in tables beside the scheduler.
    package var place: Int { Int(slot) }

    /// The ticket as one number, for those who know nothing of schedulers.
    package var number: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(bitPattern: slot)) }

    package init(number: UInt64) {
        slot = Int32(bitPattern: UInt32(truncatingIfNeeded: number))
        generation = UInt32(truncatingIfNeeded: number >> 32)
    }
}
