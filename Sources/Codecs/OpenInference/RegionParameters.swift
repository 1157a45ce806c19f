internal import Tensors

/// The parameters by which a tensor's bytes lie in memory that the client shares: `shared_memory_region`,
/// `shared_memory_byte_size` and, where it isn't 0, `shared_memory_offset`.
struct RegionParameters {
    private var region: String?
    private var offset: Int?
    private var byteCount: Int?

    /// Takes a parameter in; `false` where it is none of these.
    mutating func take(_ parameter: Envelope.Parameter) throws(SluiceError) -> Bool {
        switch parameter.key {
        case "shared_memory_region":
            guard case .string(let name) = parameter.value, !name.isEmpty else {
                throw JSONScanner.invalidParameter(parameter.key, "must be the name of a region")
            }
            region = name
        case "shared_memory_offset": offset = try Self.size(parameter)
        case "shared_memory_byte_size": byteCount = try Self.size(parameter)
        default: return false
        }
        return true
    }

    private static func size(_ parameter: Envelope.Parameter) throws(SluiceError) -> Int {
        guard let size = Int(exactly: try OpenInferenceParameters.unsigned(parameter)) else {
            throw JSONScanner.invalidParameter(parameter.key, "is out of range")
        }
        return size
    }

    /// Where the bytes lie; `nil` where they come with the request.
    func place() throws(SluiceError) -> RegionPlace? {
        guard let region else {
            guard offset == nil, byteCount == nil else {
                throw JSONScanner.invalidParameter("shared_memory_region", "is missing beside its offset or size")
            }
            return nil
        }
        guard let byteCount else {
            throw JSONScanner.invalidParameter("shared_memory_byte_size", "is missing beside shared_memory_region")
        }
        return RegionPlace(region: region, offset: offset ?? 0, byteCount: byteCount)
    }

    /// The place that a list of parameters names, the others left aside.
    static func place(in parameters: [Envelope.Parameter]) throws(SluiceError) -> RegionPlace? {
        var region = RegionParameters()
        for parameter in parameters { _ = try region.take(parameter) }
        return try region.place()
    }
}

extension RawTensor {
    /// Reads the tensor that lies in memory shared by the client.
    static func read(
        _ place: RegionPlace, of regions: (any TensorRegions)?, name: String, dataType: DataType, shape: [Int]
    ) throws(SluiceError) -> Tensor {
        guard let regions else { throw sharedMemoryIsOff }
        let storage = try regions.read(place)
        return try read(
            RequestBody(storage), 0..<storage.byteCount, name: name, dataType: dataType, shape: shape)
    }

    /// Writes an output into memory shared by the client; how many bytes that took.
    static func write(_ output: Tensor, to place: RegionPlace, of regions: (any TensorRegions)?) throws(SluiceError)
        -> Int
    {
        guard let regions else { throw sharedMemoryIsOff }
        guard output.dataType == .bytes else {
            let failure = output.withBytes { bytes -> SluiceError? in
                do throws(SluiceError) { try regions.write(bytes, to: place) } catch { return error }
                return nil
            }
            if let failure { throw failure }
            return output.byteCount
        }
        let elements = try lengthPrefixed(output)
        try elements.read { (bytes) throws(SluiceError) in try regions.write(bytes, to: place) }
        return elements.count
    }

    private static let sharedMemoryIsOff = SluiceError(
        .invalidParameter, "system shared memory is off in this gateway; gateway.yaml turns it on by shared_memory")
}

extension OpenInferenceCodec {
    /// Writes an output into memory shared by the client, and of it what the answer says.
    func write(
        _ output: Tensor, in place: RegionPlace, of regions: (any TensorRegions)?, to writer: inout JSONWriter
    ) throws(SluiceError) {
        let written = try RawTensor.write(output, to: place, of: regions)
        writer.beginObject()
        writer.facts(of: output)
        writer.key(plain: "parameters")
        writer.parameters(place.parameters(written: written))
        writer.endObject()
    }
}

extension JSONWriter {
    /// A tensor's name, data type and shape.
    mutating func facts(of output: Tensor) {
        key(plain: "name")
        string(output.name)
        literal(#","datatype":"#, opens: true)
        string(output.dataType.name)
        literal(#","shape":"#, opens: true)
        numbers(output.shape)
    }
}

extension RegionPlace {
    /// The place as an answer names it, with the bytes that were written there.
    func parameters(written: Int) -> [Envelope.Parameter] {
        var parameters: [Envelope.Parameter] = [.init("shared_memory_region", .string(region))]
        if offset > 0 { parameters.append(.init("shared_memory_offset", .integer(Int64(offset)))) }
        parameters.append(.init("shared_memory_byte_size", .integer(Int64(written))))
        return parameters
    }
}
