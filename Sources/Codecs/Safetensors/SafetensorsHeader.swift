internal import Tensors

/// The header of a safetensors file: a length, and a JSON object that says of each tensor what it is and where it lies.
///
/// The tensors' bytes cover the rest of the file, without holes and without overlapping, as the format demands.
struct SafetensorsHeader {
    /// One tensor of the file.
    struct Entry {
        var name: String
        var type: DataType
        var shape: [Int]
        /// Where it lies, counted from the end of the header.
        var range: Range<Int>
    }

    /// A tensor takes about 100 bytes.
    static let maximumLength = 1 << 20
    static let maximumTensors = 4096
    /// Bytes of the length in front of the header.
    private static let prefix = 8

    private(set) var entries: [Entry] = []
    /// Where the tensors' bytes begin.
    let dataOffset: Int

    /// Reads the header at the start of `bytes`, which are the whole file.
    ///
    /// - Throws: `malformed_body`; `invalid_input` for a type that no input has.
    init(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        guard bytes.count >= Self.prefix else { throw Self.malformed("the file has \(bytes.count) bytes") }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.maximumLength) else {
            throw Self.malformed("it says it has \(length) bytes; at most \(Self.maximumLength) are read")
        }
        let end = Self.prefix + Int(length)
        guard end <= bytes.count else {
            throw Self.malformed("it says it has \(length) bytes, but \(bytes.count - Self.prefix) are there")
        }
        dataOffset = end
        do throws(SluiceError) {
            try read(UnsafeRawBufferPointer(rebasing: bytes[Self.prefix..<end]))
        } catch {
            throw error.code == .malformedBody ? error.about("the safetensors header can't be read") : error
        }
        try checkPlaces(dataCount: bytes.count - end)
    }

    private static func malformed(_ what: String) -> SluiceError {
        SluiceError(.malformedBody, "the safetensors header can't be read: \(what)")
    }

    // MARK: The document

    private mutating func read(_ text: UnsafeRawBufferPointer) throws(SluiceError) {
        guard text.first == UInt8(ascii: "{") else {
            throw SluiceError(.malformedBody, "it doesn't begin with {")
        }
        var scanner = try JSONScanner(text)
        var names: Set<String> = []
        try scanner.beginObject()
        while let key = try scanner.nextKey(first: names.isEmpty) {
            let name = key.text
            guard names.insert(name).inserted else {
                throw scanner.documentError("the key \(Quote.text(name)) stands twice")
            }
            if name == "__metadata__" {
                try readMetadata(&scanner)
                continue
            }
            guard entries.count < Self.maximumTensors else {
                throw SluiceError(.malformedBody, "there are more than \(Self.maximumTensors) tensors")
            }
            entries.append(try entry(name, &scanner))
        }
        try scanner.finish()
    }

    /// Texts that say what made the file; nothing of a request is in them.
    private func readMetadata(_ scanner: inout JSONScanner) throws(SluiceError) {
        try scanner.beginObject()
        var isFirst = true
        while try scanner.nextKey(first: isFirst) != nil {
            isFirst = false
            _ = try scanner.string()
        }
    }

    private func entry(_ name: String, _ scanner: inout JSONScanner) throws(SluiceError) -> Entry {
        var typeText: String?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            switch key.text {
            case "dtype" where typeText == nil: typeText = try scanner.string().text
            case "shape" where shape == nil: shape = try numbers(&scanner, atMost: Shape.maximumRank)
            case "data_offsets" where offsets == nil: offsets = try numbers(&scanner, atMost: 2)
            case let other:
                throw scanner.documentError(
                    "tensor \(Quote.text(name)) has the key \(Quote.text(other)); there are dtype, shape and "
                        + "data_offsets, each once")
            }
        }
        guard let typeText, let shape, let offsets, offsets.count == 2 else {
            throw scanner.documentError("tensor \(Quote.text(name)) needs a dtype, a shape and two data_offsets")
        }
        guard let type = Self.type(named: typeText) else {
            throw SluiceError(
                .invalidInput,
                "tensor \(Quote.text(name)) is of type \(Quote.text(typeText)), which is not read here; there are "
                    + DataType.allCases.compactMap(Self.name(of:)).joined(separator: ", "))
        }
        let size = Shape.byteCount(shape, of: type)
        guard offsets[0] <= offsets[1], offsets[1] - offsets[0] == size else {
            throw SluiceError(
                .malformedBody,
                """
                tensor \(Quote.text(name)) is \(typeText)\(Shape.text(shape)), which takes \
                \(size.map(String.init) ?? "too many") bytes, but its data_offsets are \(Shape.text(offsets))
                """)
        }
        return Entry(name: name, type: type, shape: shape, range: offsets[0]..<offsets[1])
    }

    private func numbers(_ scanner: inout JSONScanner, atMost count: Int) throws(SluiceError) -> [Int] {
        var numbers: [Int] = []
        try scanner.beginArray()
        while try scanner.nextElement(first: numbers.isEmpty) {
            guard numbers.count < count else { throw scanner.documentError("there are more than \(count) numbers") }
            let number = try scanner.number()
            guard number.isInteger, let value = try? number.integer(as: Int.self), value >= 0 else {
                throw scanner.documentError("a whole number from 0 on is expected")
            }
            numbers.append(value)
        }
        return numbers
    }

    // MARK: Places

    /// The tensors cover all that follows the header, each byte once.
    private func checkPlaces(dataCount: Int) throws(SluiceError) {
        var end = 0
        for entry in entries.sorted(by: {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }) {
            guard entry.range.lowerBound == end else {
                let what = entry.range.lowerBound < end ? "overlaps another" : "has a hole before it"
                throw SluiceError(
                    .malformedBody,
                    "safetensors: tensor \(Quote.text(entry.name)), from byte \(entry.range.lowerBound) on, \(what)")
            }
            end = entry.range.upperBound
        }
        guard end == dataCount else {
            throw SluiceError(
                .malformedBody, "safetensors: the tensors take \(end) bytes, but \(dataCount) follow the header")
        }
    }

    // MARK: Types

    /// The format's name of a type; `nil` for BYTES, which it lacks.
    static func name(of type: DataType) -> String? {
        switch type {
        case .bool: "BOOL"
        case .uint8: "U8"
        case .uint16: "U16"
        case .uint32: "U32"
        case .uint64: "U64"
        case .int8: "I8"
        case .int16: "I16"
        case .int32: "I32"
        case .int64: "I64"
        case .fp16: "F16"
        case .bf16: "BF16"
        case .fp32: "F32"
        case .fp64: "F64"
        case .bytes: nil
        }
    }

    private static func type(named name: String) -> DataType? {
        DataType.allCases.first { self.name(of: $0) == name }
    }
}
