internal import Codecs
internal import Gateway
internal import Policies
internal import SharedMemory
internal import SwiftProtobuf
internal import Tensors
internal import WireMessages

extension Service {
    /// Answers what is asked of memory that client and gateway share.
    func sharedMemory(
        _ request: SharedMemoryRequest, body: RequestBody, caller: Credentials
    ) throws(SluiceError) -> HTTPResponse {
        guard request.kind == .system else {
            throw SluiceError(.modelUnimplemented, "CUDA memory can't be shared with this gateway; it has none")
        }
        switch request.action {
        case .status:
            return HTTPResponse(
                json: SharedMemoryDocument.status(try gate.regionStatus(request.region, caller: caller)))
        case .unregister:
            try gate.unregisterRegion(request.region, caller: caller)
        case .register:
            let status = try SharedMemoryDocument.registration(body, region: request.region ?? "")
            try gate.registerRegion(status, caller: caller)
        }
        return HTTPResponse(json: Array("{}".utf8))
    }

    func sharedMemoryStatus(
        _ request: Inference_SystemSharedMemoryStatusRequest, caller: Credentials
    ) throws(SluiceError) -> Inference_SystemSharedMemoryStatusResponse {
        let regions = try gate.regionStatus(request.name.isEmpty ? nil : request.name, caller: caller)
        return .with {
            for region in regions {
                $0.regions[region.name] = .with {
                    $0.name = region.name
                    $0.key = region.key
                    $0.offset = UInt64(region.offset)
                    $0.byteSize = UInt64(region.byteCount)
                }
            }
        }
    }
}

/// The documents of Triton's system shared memory extension.
enum SharedMemoryDocument {
    /// The regions that there are.
    static func status(_ regions: [ClientRegions.Status]) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for region in regions {
            json.beginObject()
            json.member("name", region.name)
            json.member("key", region.key)
            json.key("offset")
            json.number(region.offset)
            json.key("byte_size")
            json.number(region.byteCount)
            json.endObject()
        }
        json.endArray()
        return json.bytes
    }

    /// Reads `{"key": "…", "offset": 0, "byte_size": 64}`.
    ///
    /// - Throws: `malformed_body` or `invalid_parameter`.
    static func registration(_ body: RequestBody, region: String) throws(SluiceError) -> ClientRegions.Status {
        var status = ClientRegions.Status(name: region, key: "", offset: 0, byteCount: 0)
        for parameter in try ScalarDocument.read(body) {
            switch (parameter.key, parameter.value) {
            case ("key", .string(let key)): status.key = key
            case ("offset", .integer(let offset)): status.offset = Int(offset)
            case ("byte_size", .integer(let size)): status.byteCount = Int(size)
            case ("key", _), ("offset", _), ("byte_size", _):
                throw SluiceError(
                    .invalidParameter,
                    "\"\(parameter.key)\" must be \(parameter.key == "key" ? "text" : "a whole number")",
                    detail: [.init("parameter", parameter.key)])
            default: break
            }
        }
        return status
    }
}

extension ClientRegions.Status {
    /// - Throws: `invalid_parameter` for numbers that no region has.
    init(_ request: Inference_SystemSharedMemoryRegisterRequest) throws(SluiceError) {
        guard let offset = Int(exactly: request.offset), let size = Int(exactly: request.byteSize) else {
            throw SluiceError(.invalidParameter, "the region's offset or size is out of range")
        }
        self.init(name: request.name, key: request.key, offset: offset, byteCount: size)
    }
}
