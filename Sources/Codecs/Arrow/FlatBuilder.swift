/// Writes a FlatBuffers message, from its end to its beginning, as the format is made for: whatever is pointed at is written
/// before what points at it.
///
/// Places are counted from the end of the message.
struct FlatBuilder {
    /// The message, its last byte first.
    private var reversed: [UInt8] = []

    /// One field of a table.
    enum Field {
        case int8(UInt8)
        case int16(Int16)
        case int32(Int32)
        case int64(Int64)
        /// What was written at that place.
        case reference(Int)
    }

    private mutating func align(_ alignment: Int, before byteCount: Int = 0) {
        while (reversed.count + byteCount) % alignment != 0 { reversed.append(0) }
    }

    private mutating func put(_ value: some FixedWidthInteger) {
        let width = value.bitWidth / 8
        align(width)
        for index in (0..<width).reversed() { reversed.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }

    private mutating func putReference(to place: Int) {
        align(4)
        put(UInt32(reversed.count + 4 - place))
    }

    /// Writes a text; where it is.
    mutating func string(_ text: String) -> Int {
        let utf8 = Array(text.utf8)
        align(4, before: utf8.count + 1)
        reversed.append(0)
        reversed.append(contentsOf: utf8.reversed())
        put(UInt32(utf8.count))
        return reversed.count
    }

    /// Writes a vector of what was written at those places; where it is.
    mutating func vector(_ places: [Int]) -> Int {
        align(4, before: 4 * places.count)
        for place in places.reversed() { putReference(to: place) }
        put(UInt32(places.count))
        return reversed.count
    }

    /// Writes a vector of structs of two numbers; where it is.
    mutating func vector(_ pairs: [(Int, Int)]) -> Int {
        align(8, before: 16 * pairs.count)
        for (first, second) in pairs.reversed() {
            put(Int64(second))
            put(Int64(first))
        }
        put(UInt32(pairs.count))
        return reversed.count
    }

    /// Writes a table; where it is.
    ///
    /// - Parameter fields: each with its number.
    mutating func table(_ fields: [(Int, Field)]) -> Int {
        let before = reversed.count
        var places: [Int: Int] = [:]
        for (number, field) in fields {
            switch field {
            case .int8(let value): put(value)
            case .int16(let value): put(value)
            case .int32(let value): put(value)
            case .int64(let value): put(value)
            case .reference(let place): putReference(to: place)
            }
            places[number] = reversed.count
        }
        put(Int32(0))
        let table = reversed.count
        let count = (fields.map(\.0).max() ?? -1) + 1
        align(2)
        for number in (0..<count).reversed() { put(UInt16(places[number].map { table - $0 } ?? 0)) }
        put(UInt16(table - before))
        put(UInt16(4 + 2 * count))
        // The table's first four bytes tell where its vtable is.
        let back = Int32(reversed.count - table)
        for index in 0..<4 { reversed[table - 1 - index] = UInt8(truncatingIfNeeded: back >> (8 * Int32(index))) }
        return table
    }

    /// The whole message, whose first table was written at that place.
    mutating func finish(root: Int) -> [UInt8] {
        align(8, before: 4)
        put(UInt32(reversed.count + 4 - root))
        return reversed.reversed()
    }
}
