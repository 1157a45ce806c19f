internal import Tensors

/// The directory at the end of a zip file: what it holds, and where.
///
/// Only what a well-behaved writer makes is read: entries that are stored or deflated, each under its own name, in places
/// that don't overlap, and with nothing behind the directory. Two readers can't disagree about such a file.
struct ZipDirectory {
    /// One file in it.
    struct Entry {
        enum Method {
            case stored
            case deflated
        }

        var name: String
        var method: Method
        /// CRC-32 of what it becomes.
        var checksum: UInt32
        /// Where its bytes lie in the zip file.
        var range: Range<Int>
        /// How many bytes it becomes.
        var size: Int
    }

    static let maximumEntries = 1024
    /// Longer names are refused.
    static let maximumNameLength = 1024

    private(set) var entries: [Entry] = []
    private let bytes: UnsafeRawBufferPointer

    /// Reads the directory of the zip file that `bytes` are.
    ///
    /// - Throws: `malformed_body` with what is wrong.
    init(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        self.bytes = bytes
        let end = try Self.findEnd(bytes)
        guard end.count <= Self.maximumEntries else {
            throw Self.malformed("it has \(end.count) entries; at most \(Self.maximumEntries) are read")
        }
        var names: Set<String> = []
        var places: [Range<Int>] = []
        var position = end.start
        for _ in 0..<end.count {
            let place = try readEntry(&position, end: end.end)
            guard names.insert(entries[entries.count - 1].name).inserted else {
                throw Self.malformed("\(Quote.text(entries[entries.count - 1].name)) is in it twice")
            }
            places.append(place)
        }
        guard position == end.end else { throw Self.malformed("its directory isn't as long as it says") }
        places.sort { $0.lowerBound < $1.lowerBound }
        for (earlier, later) in zip(places, places.dropFirst()) where later.lowerBound < earlier.upperBound {
            throw Self.malformed("its entries overlap")
        }
        if let last = places.last, last.upperBound > end.start { throw Self.malformed("its entries overlap") }
    }

    static func malformed(_ what: String) -> SluiceError {
        SluiceError(.malformedBody, "the zip file can't be read: \(what)")
    }

    // MARK: The end

    /// Where the directory lies, and how many entries it has.
    private struct End {
        var start: Int
        var end: Int
        var count: Int
    }

    private static let endLength = 22
    private static let maximumCommentLength = 65_535

    private static func findEnd(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) -> End {
        guard bytes.count >= endLength else { throw malformed("it has \(bytes.count) bytes") }
        let last = bytes.count - endLength
        // The record stands where its own comment ends with the file.
        let found = stride(from: last, through: max(0, last - maximumCommentLength), by: -1).first { start in
            load32(bytes, start) == 0x0605_4B50 && load16(bytes, start + 20) == bytes.count - start - endLength
        }
        guard let start = found else { throw malformed("its directory is missing; it may be cut off") }
        var disks = (load16(bytes, start + 4), load16(bytes, start + 6))
        var counts = (load16(bytes, start + 8), load16(bytes, start + 10))
        var size = load32(bytes, start + 12)
        var offset = load32(bytes, start + 16)
        var end = start
        let locator = start - 20
        if locator >= 0, load32(bytes, locator) == 0x0706_4B50 {
            let record = load64(bytes, locator + 8)
            guard record <= locator - 56, load32(bytes, record) == 0x0606_4B50,
                load64(bytes, record + 4) == locator - record - 12
            else { throw malformed("its zip64 record isn't where it says") }
            disks = (load32(bytes, record + 16), load32(bytes, record + 20))
            counts = (load64(bytes, record + 24), load64(bytes, record + 32))
            size = load64(bytes, record + 40)
            offset = load64(bytes, record + 48)
            end = record
        }
        guard disks == (0, 0), counts.0 == counts.1 else { throw malformed("it is one of several parts") }
        guard offset <= end, size == end - offset else { throw malformed("its directory isn't where it says") }
        return End(start: offset, end: end, count: counts.0)
    }

    // MARK: Entries

    /// Reads one entry; where it lies, from its own header on.
    private mutating func readEntry(_ position: inout Int, end: Int) throws(SluiceError) -> Range<Int> {
        let start = position
        guard end - start >= 46, Self.load32(bytes, start) == 0x0201_4B50 else {
            throw Self.malformed("its directory is damaged")
        }
        let flags = Self.load16(bytes, start + 8)
        let methodNumber = Self.load16(bytes, start + 10)
        let lengths = (
            name: Self.load16(bytes, start + 28), extra: Self.load16(bytes, start + 30),
            comment: Self.load16(bytes, start + 32)
        )
        guard end - start - 46 >= lengths.name + lengths.extra + lengths.comment else {
            throw Self.malformed("its directory is damaged")
        }
        let nameRange = (start + 46)..<(start + 46 + lengths.name)
        position = nameRange.upperBound + lengths.extra + lengths.comment
        guard lengths.name <= Self.maximumNameLength,
            let name = String(validating: bytes[nameRange], as: UTF8.self), !name.utf8.contains(0)
        else { throw Self.malformed("a name in it is no text of at most \(Self.maximumNameLength) bytes") }
        guard flags & 0x2041 == 0 else { throw Self.malformed("\(Quote.text(name)) is encrypted") }
        let method: Entry.Method
        switch methodNumber {
        case 0: method = .stored
        case 8: method = .deflated
        default:
            throw Self.malformed(
                "\(Quote.text(name)) is compressed by method \(methodNumber); it may be stored or deflated")
        }
        let extra = nameRange.upperBound..<(nameRange.upperBound + lengths.extra)
        let (size, compressed, header) = try sizes(of: name, at: start, extra: extra)
        let dataStart = try self.dataStart(of: name, header: header, nameRange: nameRange, methodNumber)
        guard compressed <= bytes.count - dataStart else { throw Self.malformed("\(Quote.text(name)) is cut off") }
        if method == .stored, size != compressed {
            throw Self.malformed("\(Quote.text(name)) is stored, but its two sizes differ")
        }
        // No byte of deflate becomes more than 1,032.
        if method == .deflated, (size - 1024) / 1032 > compressed {
            throw Self.malformed("\(Quote.text(name)) says that it becomes \(size) bytes, which can't be")
        }
        let range = dataStart..<(dataStart + compressed)
        entries.append(
            Entry(
                name: name, method: method, checksum: UInt32(truncatingIfNeeded: Self.load32(bytes, start + 16)),
                range: range, size: size))
        return header..<range.upperBound
    }

    /// What an entry becomes, what it takes, and where its header is; zip64 has the large ones in an extra field.
    private func sizes(
        of name: String, at start: Int, extra: Range<Int>
    ) throws(SluiceError) -> (size: Int, compressed: Int, header: Int) {
        var values = [Self.load32(bytes, start + 24), Self.load32(bytes, start + 20), Self.load32(bytes, start + 42)]
        let large = 0xFFFF_FFFF
        if values.contains(large) {
            guard var field = extraField(1, in: extra) else {
                throw Self.malformed("\(Quote.text(name)) lacks its zip64 field")
            }
            for index in values.indices where values[index] == large {
                guard field.count >= 8 else { throw Self.malformed("\(Quote.text(name)) has a short zip64 field") }
                values[index] = Self.load64(bytes, field.lowerBound)
                field = (field.lowerBound + 8)..<field.upperBound
            }
        }
        // Whatever it becomes is bounded before memory is taken for it; see `ZipExpansion`.
        guard values[0] < 1 << 48 else { throw Self.malformed("\(Quote.text(name)) is too large") }
        return (values[0], values[1], values[2])
    }

    private func extraField(_ id: Int, in range: Range<Int>) -> Range<Int>? {
        var position = range.lowerBound
        while range.upperBound - position >= 4 {
            let length = Self.load16(bytes, position + 2)
            guard length <= range.upperBound - position - 4 else { return nil }
            if Self.load16(bytes, position) == id { return (position + 4)..<(position + 4 + length) }
            position += 4 + length
        }
        return nil
    }

    /// Where an entry's bytes begin: behind its own header, which must say the same as the directory.
    private func dataStart(
        of name: String, header: Int, nameRange: Range<Int>, _ method: Int
    ) throws(SluiceError) -> Int {
        guard header <= bytes.count - 30, Self.load32(bytes, header) == 0x0403_4B50 else {
            throw Self.malformed("\(Quote.text(name)) isn't where the directory says")
        }
        let lengths = (name: Self.load16(bytes, header + 26), extra: Self.load16(bytes, header + 28))
        let start = header + 30 + lengths.name + lengths.extra
        guard start <= bytes.count, Self.load16(bytes, header + 8) == method,
            bytes[(header + 30)..<(header + 30 + lengths.name)].elementsEqual(bytes[nameRange])
        else { throw Self.malformed("\(Quote.text(name)) has another header than the directory says") }
        return start
    }

    // MARK: Numbers

    private static func load16(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int {
        Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
    }

    private static func load32(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int {
        Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    /// Numbers beyond what any file has are all the same.
    private static func load64(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int {
        Int(clamping: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
    }
}
