internal import Tensors

/// The values of one column in one batch, and where they lie. Every buffer is as long as its values need.
struct ArrowArray {
    let field: ArrowField
    let count: Int
    /// A bit for each value that is there; empty where all are.
    let validity: UnsafeRawBufferPointer
    /// Offsets of bytes and lists; views aren't read.
    let offsets: UnsafeRawBufferPointer
    /// Numbers, bits, bytes, or numbers of dictionary values.
    let data: UnsafeRawBufferPointer
    /// Of lists: the one child.
    let child: [ArrowArray]

    /// The first value that isn't there.
    var firstNull: Int? {
        guard !validity.isEmpty else { return nil }
        return (0..<count).first { validity[$0 >> 3] >> ($0 & 7) & 1 == 0 }
    }

    /// Where a value's bytes lie, for kinds that have them.
    func bytes(_ index: Int) -> UnsafeRawBufferPointer {
        switch field.kind {
        case .fixedBytes(let width):
            return UnsafeRawBufferPointer(rebasing: data[(index * width)..<((index + 1) * width)])
        default: return UnsafeRawBufferPointer(rebasing: data[offset(index)..<offset(index + 1)])
        }
    }

    /// One of the offsets, which have been checked.
    func offset(_ index: Int) -> Int {
        if offsets.isEmpty { return 0 }
        return offsetWidth == 4
            ? Int(Int32(littleEndian: offsets.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)))
            : Int(clamping: Int64(littleEndian: offsets.loadUnaligned(fromByteOffset: index * 8, as: Int64.self)))
    }

    private var offsetWidth: Int {
        switch field.kind {
        case .bytes(let width, _), .list(let width): width
        default: 8
        }
    }

    /// Checks that the offsets ascend, up to `end`.
    fileprivate func checkOffsets(upTo end: Int) throws(SluiceError) {
        var previous = 0
        for index in 0...count {
            let offset = offset(index)
            guard offset >= previous, offset <= end else { throw ArrowBatch.malformed("offsets that don't ascend") }
            previous = offset
        }
    }
}

/// Takes the arrays of one record batch out of its message, column by column.
struct ArrowBatch {
    /// More rows than any body has, unless they are empty.
    private static let maximumCount: Int64 = 1 << 40

    let count: Int
    private let body: UnsafeRawBufferPointer
    private let nodes: UnsafeRawBufferPointer
    private let buffers: UnsafeRawBufferPointer
    private let viewCounts: UnsafeRawBufferPointer
    private var nextNode = 0
    private var nextBuffer = 0
    private var nextView = 0

    init(_ batch: FlatTable, body: UnsafeRawBufferPointer) throws(SluiceError) {
        guard try batch.table(3) == nil else {
            throw SluiceError(
                .invalidInput,
                "the Arrow stream's buffers are compressed, which is not read here; write it without compression "
                    + "(Content-Encoding: zstd compresses the whole)")
        }
        let length = try batch.number(0, otherwise: Int64(0))
        guard length >= 0, length <= Self.maximumCount else { throw FlatTable.malformed }
        count = Int(length)
        nodes = try batch.vector(1, width: 16)
        buffers = try batch.vector(2, width: 16)
        viewCounts = try batch.vector(4, width: 8)
        self.body = body
    }

    static func malformed(_ what: String) -> SluiceError {
        SluiceError(.malformedBody, "the Arrow stream has \(what)")
    }

    /// The next column's array.
    ///
    /// - Parameter isWanted: others are passed over, and not looked at.
    mutating func array(_ field: ArrowField, isWanted: Bool) throws(SluiceError) -> ArrowArray? {
        guard isWanted else {
            try skip(field)
            return nil
        }
        let array = try array(field)
        guard array.count == count else { throw Self.malformed("a column of another length than its batch") }
        return array
    }

    private mutating func array(_ field: ArrowField) throws(SluiceError) -> ArrowArray {
        let (count, nulls) = try node()
        let validity = try buffer()
        guard nulls == 0 || !validity.isEmpty else { throw Self.malformed("nulls without a bitmap") }
        guard validity.isEmpty || validity.count >= (count + 7) / 8 else {
            throw Self.malformed("a bitmap that is too short")
        }
        var offsets = UnsafeRawBufferPointer(start: nil, count: 0)
        var data = UnsafeRawBufferPointer(start: nil, count: 0)
        var child: [ArrowArray] = []
        if let dictionary = field.dictionary {
            data = try buffer(holding: count, width: dictionary.index.byteWidth)
        } else {
            switch field.kind {
            case .number(let type): data = try buffer(holding: count, width: type.byteWidth)
            case .bool:
                data = try buffer()
                guard data.count >= (count + 7) / 8 else { throw Self.malformed("a buffer that is too short") }
            case .fixedBytes(let width): data = try buffer(holding: count, width: width)
            case .bytes(let width, _):
                offsets = try self.offsets(count, width: width)
                data = try buffer()
            case .list(let width):
                offsets = try self.offsets(count, width: width)
                child = [try array(field.children[0])]
            case .fixedList(let size):
                child = [try array(field.children[0])]
                let (needed, overflow) = count.multipliedReportingOverflow(by: size)
                guard !overflow, child[0].count >= needed else { throw Self.malformed("a list that is too short") }
            case .other, .view: break
            }
        }
        let array = ArrowArray(
            field: field, count: count, validity: nulls == 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : validity,
            offsets: offsets, data: data, child: child)
        if field.dictionary == nil {
            switch field.kind {
            case .bytes: try array.checkOffsets(upTo: data.count)
            case .list: try array.checkOffsets(upTo: child[0].count)
            default: break
            }
        }
        return array
    }

    private mutating func skip(_ field: ArrowField) throws(SluiceError) {
        _ = try node()
        if field.dictionary != nil {
            nextBuffer += 2
            return
        }
        switch field.kind {
        case .number, .bool, .fixedBytes: nextBuffer += 2
        case .bytes: nextBuffer += 3
        case .list: nextBuffer += 2
        case .fixedList: nextBuffer += 1
        case .other(let buffers): nextBuffer += buffers
        case .view:
            guard nextView < viewCounts.count / 8 else { throw FlatTable.malformed }
            let more = Int64(littleEndian: viewCounts.loadUnaligned(fromByteOffset: nextView * 8, as: Int64.self))
            guard more >= 0, more <= Int64(buffers.count) else { throw FlatTable.malformed }
            nextView += 1
            nextBuffer += 2 + Int(more)
        }
        for child in field.children { try skip(child) }
    }

    /// The next node: how many values, and how many of them aren't there.
    private mutating func node() throws(SluiceError) -> (count: Int, nulls: Int) {
        guard nextNode < nodes.count / 16 else { throw Self.malformed("fewer columns in a batch than in its schema") }
        let place = nextNode * 16
        nextNode += 1
        let count = Int64(littleEndian: nodes.loadUnaligned(fromByteOffset: place, as: Int64.self))
        let nulls = Int64(littleEndian: nodes.loadUnaligned(fromByteOffset: place + 8, as: Int64.self))
        guard count >= 0, count <= Self.maximumCount, nulls >= 0, nulls <= count else {
            throw Self.malformed("a column of \(count) values")
        }
        return (Int(count), Int(nulls))
    }

    private mutating func buffer() throws(SluiceError) -> UnsafeRawBufferPointer {
        guard nextBuffer < buffers.count / 16 else { throw Self.malformed("fewer buffers than its columns need") }
        let place = nextBuffer * 16
        nextBuffer += 1
        let offset = Int64(littleEndian: buffers.loadUnaligned(fromByteOffset: place, as: Int64.self))
        let length = Int64(littleEndian: buffers.loadUnaligned(fromByteOffset: place + 8, as: Int64.self))
        guard offset >= 0, length >= 0, offset <= Int64(body.count), length <= Int64(body.count) - offset else {
            throw Self.malformed("a buffer that lies outside its message")
        }
        return UnsafeRawBufferPointer(rebasing: body[Int(offset)..<Int(offset + length)])
    }

    private mutating func buffer(holding count: Int, width: Int) throws(SluiceError) -> UnsafeRawBufferPointer {
        let buffer = try buffer()
        let (needed, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow, buffer.count >= needed else { throw Self.malformed("a buffer that is too short") }
        return UnsafeRawBufferPointer(rebasing: buffer[..<needed])
    }

    private mutating func offsets(_ count: Int, width: Int) throws(SluiceError) -> UnsafeRawBufferPointer {
        let buffer = try buffer()
        // No values may have no offsets at all.
        if count == 0, buffer.count < width { return UnsafeRawBufferPointer(start: nil, count: 0) }
        guard buffer.count / width > count else { throw Self.malformed("fewer offsets than values") }
        return buffer
    }
}
