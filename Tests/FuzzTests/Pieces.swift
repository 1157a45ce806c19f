/// The same bytes in pieces, cut anywhere: the bytes themselves say where, so that a file repeats what it did.
struct Pieces: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    mutating func next() -> [UInt8]? {
        guard !rest.isEmpty else { return nil }
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // Many small ones, where most state lies between two bytes, and some that are long.
        let length = state >> 62 == 0 ? Int(state >> 32 & 0x3FF) + 1 : Int(state >> 32 & 7) + 1
        defer { rest = rest.dropFirst(length) }
        return Array(rest.prefix(length))
    }
}
