internal import Tensors

/// Writes the wire format of protocol buffers.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// What was written since the last time.
    mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    private mutating func tag(_ number: Int, _ type: ProtobufReader.WireType) {
        varint(UInt64(number) << 3 | UInt64(type.rawValue))
    }

    mutating func varint(_ number: Int, _ value: UInt64) {
        tag(number, .varint)
        varint(value)
    }

    mutating func fixed64(_ number: Int, _ value: UInt64) {
        tag(number, .fixed64)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// A string; one that is empty is left out, as the format does.
    mutating func string(_ number: Int, _ text: String) {
        let utf8 = text.utf8
        if utf8.isEmpty { return }
        header(number, length: utf8.count)
        bytes.append(contentsOf: utf8)
    }

    /// The tag and length of a value whose bytes follow.
    mutating func header(_ number: Int, length: Int) {
        tag(number, .lengthDelimited)
        varint(UInt64(length))
    }

    /// Bytes whose tag and length have been written.
    mutating func append(_ content: some Collection<UInt8>) {
        bytes.append(contentsOf: content)
    }

    /// A message within this one.
    mutating func message(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
        tag(number, .lengthDelimited)
        // Most are short enough for one byte of length, so that nothing has to be moved.
        let start = bytes.count
        bytes.append(0)
        body(&self)
        let length = bytes.count - start - 1
        if length < 0x80 {
            bytes[start] = UInt8(truncatingIfNeeded: length)
        } else {
            var number = ProtobufWriter()
            number.varint(UInt64(length))
            bytes.replaceSubrange(start...start, with: number.bytes)
        }
    }

    /// The bytes of a tensor whose tag and length have been written.
    mutating func append(_ tensor: borrowing Tensor) {
        tensor.withBytes { bytes.append(contentsOf: $0) }
    }

    /// Whole numbers, packed.
    mutating func packed(_ number: Int, _ values: [Int]) {
        if values.isEmpty { return }
        header(number, length: values.reduce(0) { $0 + Self.size(UInt64(bitPattern: Int64($1))) })
        for value in values { varint(UInt64(bitPattern: Int64(value))) }
    }

    /// How many bytes a number takes.
    static func size(_ value: UInt64) -> Int { max(1, (64 - value.leadingZeroBitCount + 6) / 7) }
}
