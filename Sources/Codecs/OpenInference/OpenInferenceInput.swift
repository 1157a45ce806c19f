internal import Tensors

/// One entry of a request's `inputs`: its head, and where its data are.
struct OpenInferenceInput {
    private enum Data {
        /// Read already.
        case elements(TensorBuilder, dimensions: [Int])
        /// JSON that came before the data type was known.
        case later(UnsafePointer<UInt8>)
        /// So many bytes after the JSON.
        case binary(Int)
        /// In memory that the client shares.
        case region(RegionPlace)
    }

    private let name: String
    private let dataType: DataType
    private let shape: [Int]
    private let data: Data

    /// The keys of an input that mean something; others are passed over.
    private enum Member: UInt8 {
        case name, datatype, shape, parameters, data

        init?(_ key: JSONString) {
            if key.is("name") {
                self = .name
            } else if key.is("datatype") {
                self = .datatype
            } else if key.is("shape") {
                self = .shape
            } else if key.is("parameters") {
                self = .parameters
            } else if key.is("data") {
                self = .data
            } else {
                return nil
            }
        }
    }

    /// Reads an input object that the scanner has entered; `number` counts from 1.
    static func read(_ scanner: inout JSONScanner, number: Int) throws(SluiceError) -> OpenInferenceInput {
        var (name, dataType, shape, data) = (String?.none, DataType?.none, [Int]?.none, Data?.none)
        var bytes: Data?
        var seen: UInt8 = 0
        var isFirst = true
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            guard let member = Member(key) else {
                try scanner.skipValue()
                continue
            }
            guard seen & 1 << member.rawValue == 0 else {
                throw scanner.documentError("the key \"\(member)\" comes twice")
            }
            seen |= 1 << member.rawValue
            // Made only for a message: most requests need none.
            func subject() -> String { name.map { "input \"\($0)\"" } ?? "input \(number)" }
            switch member {
            case .name: name = try scanner.optionalString("name")
            case .datatype: dataType = try readDataType(&scanner, subject)
            case .shape: shape = try readShape(&scanner, subject)
            case .parameters: bytes = try readPlace(&scanner)
            case .data: data = try readData(&scanner, name, dataType)
            }
        }
        guard let name else { throw SluiceError(.invalidInput, "input \(number) has no \"name\"") }
        guard let dataType else { throw missing("datatype", of: name) }
        guard let shape else { throw missing("shape", of: name) }
        if let bytes {
            guard data == nil else {
                let other = if case .region = bytes { "shared_memory_region" } else { "binary_data_size" }
                throw invalid(name, "\"data\" and \"\(other)\" exclude each other")
            }
            data = bytes
        }
        guard let data else { throw invalid(name, "it has neither \"data\" nor \"binary_data_size\"") }
        return OpenInferenceInput(name: name, dataType: dataType, shape: shape, data: data)
    }

    private static func readDataType(_ scanner: inout JSONScanner, _ subject: () -> String) throws(SluiceError)
        -> DataType
    {
        var ahead = scanner
        if try ahead.peek() == .string, let dataType = DataType(utf8: try ahead.string().raw) {
            scanner = ahead
            return dataType
        }
        let name = try scanner.optionalString("datatype") ?? "null"
        guard let dataType = DataType(name: name) else {
            throw SluiceError(
                .invalidInput,
                "\(subject()): there is no datatype \"\(ElementFault.shortened(name))\""
                    + Spelling.suggestion(for: name, among: DataType.allCases.map(\.name)))
        }
        return dataType
    }

    private static func readShape(_ scanner: inout JSONScanner, _ subject: () -> String) throws(SluiceError) -> [Int] {
        var shape: [Int] = []
        shape.reserveCapacity(4)
        let kind = try scanner.peek()
        guard kind == .array else {
            throw SluiceError(.invalidInput, "\(subject()): \"shape\" must be an array, not \(kind.text)")
        }
        try scanner.beginArray()
        while try scanner.nextElement(first: shape.isEmpty) {
            guard shape.count < Shape.maximumRank else {
                throw SluiceError(.invalidInput, "\(subject()): more than \(Shape.maximumRank) dimensions")
            }
            if let dimension = scanner.shortInteger() {
                shape.append(dimension)
                continue
            }
            let number = try scanner.peek() == .number ? scanner.number() : nil
            guard let dimension = number.flatMap({ try? $0.integer(as: Int.self) }), dimension >= 0 else {
                throw SluiceError(
                    .invalidInput,
                    "\(subject()): dimension \(shape.count) of \"shape\" must be a whole number, 0 or above")
            }
            shape.append(dimension)
        }
        guard Shape.elementCount(shape) != nil else {
            throw SluiceError(
                .invalidInput, "\(subject()): a tensor of shape \(Shape.text(Array(shape.prefix(8)))) is too large")
        }
        return shape
    }

    /// Where the parameters say that the data are, if not in the JSON.
    private static func readPlace(_ scanner: inout JSONScanner) throws(SluiceError) -> Data? {
        if let size = onlySize(&scanner) { return .binary(size) }
        var size: Int?
        var region = RegionParameters()
        for parameter in try scanner.parameters() {
            switch parameter.key {
            case "binary_data_size":
                guard let bytes = Int(exactly: try OpenInferenceParameters.unsigned(parameter)) else {
                    throw JSONScanner.invalidParameter(parameter.key, "is out of range")
                }
                size = bytes
            default: _ = try region.take(parameter)
            }
        }
        guard let place = try region.place() else { return size.map(Data.binary) }
        guard size == nil else {
            throw JSONScanner.invalidParameter("binary_data_size", "and shared_memory_region exclude each other")
        }
        return .region(place)
    }

    /// The size of the data, where the parameters say that and nothing else, as they mostly do.
    private static func onlySize(_ scanner: inout JSONScanner) -> Int? {
        var ahead = scanner
        do throws(SluiceError) {
            guard try ahead.peek() == .object else { return nil }
            try ahead.beginObject()
            guard let key = try ahead.nextKey(first: true), key.is("binary_data_size"),
                let size = ahead.shortInteger(), try ahead.nextKey(first: false) == nil
            else { return nil }
            scanner = ahead
            return size
        } catch {
            return nil
        }
    }

    private static func readData(
        _ scanner: inout JSONScanner, _ name: String?, _ dataType: DataType?
    ) throws(SluiceError) -> Data? {
        if try scanner.peek() == .null {
            try scanner.null()
            return nil
        }
        guard let name, let dataType else {
            let start = scanner.position
            try scanner.skipValue()
            return .later(start)
        }
        return try elements(&scanner, name, dataType)
    }

    private static func elements(
        _ scanner: inout JSONScanner, _ name: String, _ dataType: DataType
    ) throws(SluiceError) -> Data {
        if dataType == .fp16 || dataType == .bf16 {
            throw invalid(name, "\(dataType) can't be sent as JSON; send it as binary")
        }
        let builder = TensorBuilder(dataType)
        var reader = NestedArrayReader(builder, input: name)
        try reader.read(&scanner)
        return .elements(builder, dimensions: reader.dimensions)
    }

    private static func missing(_ key: String, of name: String) -> SluiceError {
        invalid(name, "it has no \"\(key)\"")
    }

    private static func invalid(_ name: String, _ problem: String) -> SluiceError {
        SluiceError(
            .invalidInput, "input \"\(ElementFault.shortened(name))\": \(problem)",
            detail: [.init("input", ElementFault.shortened(name))])
    }
}

extension OpenInferenceInput {
    /// The whole tensor; a binary one is taken off the front of `tail`.
    func tensor(
        _ scanner: inout JSONScanner, body: RequestBody, tail: inout Range<Int>, regions: (any TensorRegions)?
    ) throws(SluiceError) -> Tensor {
        switch data {
        case .elements(let builder, let dimensions):
            return try finish(builder, dimensions)
        case .later(let start):
            let position = scanner.position
            defer { scanner.position = position }
            scanner.position = start
            guard case .elements(let builder, let dimensions) = try Self.elements(&scanner, name, dataType) else {
                throw Self.invalid(name, "it has no \"data\"")
            }
            return try finish(builder, dimensions)
        case .region(let place):
            return try RawTensor.read(place, of: regions, name: name, dataType: dataType, shape: shape)
        case .binary(let size):
            guard size <= tail.count else {
                throw Self.invalid(
                    name, "its \"binary_data_size\" is \(size), but only \(tail.count) bytes of the body are left")
            }
            let bytes = tail.lowerBound..<(tail.lowerBound + size)
            tail = bytes.upperBound..<tail.upperBound
            return try RawTensor.read(body, bytes, name: name, dataType: dataType, shape: shape)
        }
    }

    /// Data may be flat, or nested as the shape is.
    private func finish(_ builder: TensorBuilder, _ dimensions: [Int]) throws(SluiceError) -> Tensor {
        guard dimensions.count <= 1 || dimensions == shape || builder.count == 0 else {
            throw Self.invalid(
                name, "its data are nested as \(Shape.text(dimensions)), but its shape is \(Shape.text(shape))")
        }
        return try builder.finish(name: name, shape: shape)
    }
}
