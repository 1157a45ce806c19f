internal import Tensors

/// One table of a FlatBuffers message, in which Arrow says what its data are.
///
/// Every offset is checked before it is followed. Invariant: the table, its vtable and everything that is handed out lie
/// within `bytes`, which must outlive it.
struct FlatTable {
    private let bytes: UnsafeRawBufferPointer
    private let position: Int
    private let size: Int
    private let vtable: Int
    private let vtableSize: Int

    /// The message's first table.
    init(rootOf bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        guard bytes.count >= 4 else { throw Self.malformed }
        self = try FlatTable(bytes, at: Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))))
    }

    private init(_ bytes: UnsafeRawBufferPointer, at position: Int) throws(SluiceError) {
        guard position <= bytes.count - 4 else { throw Self.malformed }
        let back = Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int32.self)))
        let vtable = position - back
        guard vtable >= 0, vtable <= bytes.count - 4 else { throw Self.malformed }
        let vtableSize = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: vtable, as: UInt16.self)))
        let size = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: vtable + 2, as: UInt16.self)))
        guard vtableSize >= 4, vtableSize <= bytes.count - vtable, size >= 4, size <= bytes.count - position else {
            throw Self.malformed
        }
        self.bytes = bytes
        self.position = position
        self.size = size
        self.vtable = vtable
        self.vtableSize = vtableSize
    }

    static let malformed = SluiceError(.malformedBody, "the Arrow stream's metadata are malformed")

    /// Where a field of that width lies; `nil` where the table doesn't have it.
    private func place(_ field: Int, width: Int) throws(SluiceError) -> Int? {
        let slot = 4 + 2 * field
        guard slot + 2 <= vtableSize else { return nil }
        let offset = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: vtable + slot, as: UInt16.self)))
        if offset == 0 { return nil }
        guard offset >= 4, offset + width <= size else { throw Self.malformed }
        return position + offset
    }

    /// A number; `otherwise` where the table doesn't have it.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ field: Int, otherwise: Number
    ) throws(SluiceError) -> Number {
        guard let place = try place(field, width: MemoryLayout<Number>.size) else { return otherwise }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self))
    }

    /// Where what a field points at begins.
    private func target(_ field: Int) throws(SluiceError) -> Int? {
        guard let place = try place(field, width: 4) else { return nil }
        let target = place + Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        guard target <= bytes.count - 4 else { throw Self.malformed }
        return target
    }

    func table(_ field: Int) throws(SluiceError) -> FlatTable? {
        guard let target = try target(field) else { return nil }
        return try FlatTable(bytes, at: target)
    }

    /// The elements of a vector, each of that width; empty where there is none.
    func vector(_ field: Int, width: Int) throws(SluiceError) -> UnsafeRawBufferPointer {
        guard let target = try target(field) else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let count = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: target, as: UInt32.self)))
        guard count <= (bytes.count - target - 4) / width else { throw Self.malformed }
        return UnsafeRawBufferPointer(rebasing: bytes[(target + 4)..<(target + 4 + count * width)])
    }

    /// The tables of a vector of tables.
    func tables(_ field: Int, atMost limit: Int) throws(SluiceError) -> [FlatTable] {
        let offsets = try vector(field, width: 4)
        guard let first = offsets.baseAddress, let base = bytes.baseAddress else { return [] }
        guard offsets.count / 4 <= limit else { throw Self.malformed }
        var tables: [FlatTable] = []
        for index in 0..<(offsets.count / 4) {
            let place = first - base + index * 4
            let offset = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
            tables.append(try FlatTable(bytes, at: place + Int(offset)))
        }
        return tables
    }

    /// A text, which has to be UTF-8; empty where there is none.
    func string(_ field: Int) throws(SluiceError) -> String {
        guard let text = String(validating: try vector(field, width: 1), as: UTF8.self) else { throw Self.malformed }
        return text
    }
}
