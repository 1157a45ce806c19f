internal import CSluicePlugin
internal import Glibc
internal import Tensors

/// Reads a plugin's response and takes over its tensors, trusting nothing that it says about them.
///
/// Invariant: used only inside the `respond` call that handed in the pointer.
struct ResponseReader {
    private let response: UnsafePointer<sluice_response>
    private let structSize: Int
    /// Outputs in one response, at most.
    private static let maximumOutputs = 4096

    init(_ response: UnsafePointer<sluice_response>) {
        self.response = response
        self.structSize = response.pointee.struct_size
    }

    /// Fields up to and including `error` have been there from the start.
    private var isWhole: Bool { structSize >= MemoryLayout<sluice_response>.offset(of: \.params)! }

    /// Whether the response is the last one. One too short to say so is: it fails the request.
    var isFinal: Bool { !isWhole || response.pointee.flags & UInt32(SLUICE_FINAL) != 0 }

    /// The plugin's own failure, if it reports one.
    private func failure(pool: CallSlotPool) -> SluiceError? {
        guard let error = response.pointee.error, error.pointee.code != SLUICE_OK else { return nil }
        return pool.error(status: Status(pluginStatus: error.pointee.code), message: error.pointee.text)
    }

    /// Gives back whatever memory the plugin handed over; for responses that nobody takes.
    func releaseAll() {
        guard isWhole, let outputs = response.pointee.outputs else { return }
        for index in 0..<min(response.pointee.output_count, Self.maximumOutputs) {
            if outputs[index].release != nil { outputs[index].release(&outputs[index]) }
        }
    }

    /// The response as values; every plugin-owned tensor is taken over or released, also on failure.
    ///
    /// - Throws: `model_broke_contract`.
    func part(
        inputs: [Tensor], newOutputs: [CallSlot.NewOutput], pool: CallSlotPool
    ) throws(SluiceError) -> InferencePart {
        guard isWhole else {
            throw pool.breach("a sluice_response of \(structSize) bytes")
        }
        if let error = failure(pool: pool) {
            releaseAll()
            guard isFinal else { throw pool.breach("an error in a response that is not final") }
            return .failure(error)
        }
        let count = response.pointee.output_count
        guard count <= Self.maximumOutputs, count == 0 || response.pointee.outputs != nil else {
            throw pool.breach("\(count) outputs")
        }
        var outputs: [Tensor] = []
        outputs.reserveCapacity(count)
        for index in 0..<count {
            do {
                outputs.append(
                    try Self.take(
                        &response.pointee.outputs[index], at: index, inputs: inputs, newOutputs: newOutputs,
                        pool: pool))
            } catch {
                releaseAll()
                throw pool.breach("output \(index): \(error.reason)")
            }
        }
        return InferencePart(outputs: outputs, parameters: parameters(), isFinal: isFinal)
    }

    private func parameters() -> [Envelope.Parameter] {
        guard structSize >= MemoryLayout<sluice_response>.offset(of: \.param_count)! + 8,
            let pairs = response.pointee.params
        else { return [] }
        return (0..<min(response.pointee.param_count, 256)).compactMap { index in
            guard let key = pairs[index].key, let value = pairs[index].value else { return nil }
            return Envelope.Parameter(String(cString: key), .string(String(cString: value)))
        }
    }
}

extension ResponseReader {
    /// What is wrong with one output.
    struct OutputError: Error {
        var reason: String
    }

    /// The data type, shape and element count that a tensor claims.
    static func declared(
        _ tensor: sluice_tensor
    ) throws(OutputError) -> (DataType, shape: [Int], elements: Int) {
        guard let dataType = DataType(dlpack: tensor.dtype) else {
            throw OutputError(
                reason: "unknown data type (code \(tensor.dtype.code), bits \(tensor.dtype.bits), "
                    + "lanes \(tensor.dtype.lanes))")
        }
        guard tensor.ndim >= 0, Int(tensor.ndim) <= Shape.maximumRank, tensor.ndim == 0 || tensor.shape != nil else {
            throw OutputError(reason: "\(tensor.ndim) dimensions")
        }
        let rank = Int(tensor.ndim)
        // Appended to: one that is made in its whole length looks up its own type first, which takes longer than all this.
        var shape: [Int] = []
        shape.reserveCapacity(rank)
        for axis in 0..<rank { shape.append(Int(tensor.shape[axis])) }
        // Bounded well below overflow, so that byte counts and offsets can be computed freely.
        guard let elements = Shape.elementCount(shape), elements <= 1 << 48 else {
            throw OutputError(reason: "shape \(Shape.text(shape))")
        }
        return (dataType, shape, elements)
    }

    /// The storage of an input that some bytes lie in, aligned as their type wants: nobody writes to them, so they need no
    /// copy.
    private static func shared(_ data: UnsafeRawBufferPointer, of inputs: [Tensor], width: Int) -> TensorStorage? {
        guard let start = data.baseAddress, data.count > 0, UInt(bitPattern: start) % UInt(max(width, 1)) == 0 else {
            return nil
        }
        for index in inputs.indices {
            // The input alone: beside it in its storage may lie what is another request's.
            let first = UnsafeRawPointer(inputs[index].storage.base + inputs[index].byteOffset)
            if start >= first, start + data.count <= first + inputs[index].byteCount { return inputs[index].storage }
        }
        return nil
    }

    /// Takes over one output: host memory as it is, plugin memory by its release function, the request's own inputs
    /// by sharing them, other borrowed memory by a copy, which lies where outputs belong.
    private static func take(
        _ tensor: inout sluice_tensor, at index: Int, inputs: [Tensor], newOutputs: [CallSlot.NewOutput],
        pool: CallSlotPool
    ) throws(OutputError) -> Tensor {
        let (dataType, shape, elements) = try declared(tensor)
        guard let namePointer = tensor.name else { throw OutputError(reason: "no name") }
        // Mostly outputs come in the declared order: then no new text need be made.
        let nameBytes = UnsafeRawBufferPointer(start: namePointer, count: strlen(namePointer))
        let name =
            pool.description.signature.outputName(nameBytes, near: index) ?? String(decoding: nameBytes, as: UTF8.self)
        guard tensor.device_type == SLUICE_CPU else {
            throw OutputError(reason: "\"\(name)\" is on device type \(tensor.device_type), not in host memory")
        }
        guard tensor.strides == nil else { throw OutputError(reason: "\"\(name)\" has strides") }
        let bytes = Int(clamping: tensor.byte_size)
        guard bytes == 0 || tensor.data != nil else {
            throw OutputError(reason: "\"\(name)\" has \(bytes) bytes of no data")
        }
        if let needed = Shape.byteCount(ofElements: elements, of: dataType), needed != bytes {
            throw OutputError(
                reason: "\"\(name)\": \(dataType)\(Shape.text(shape)) takes \(needed) bytes, not \(bytes)")
        }
        if dataType == .bytes && tensor.offsets == nil { throw OutputError(reason: "\"\(name)\" has no offsets") }

        let start = tensor.data.map { UnsafeRawPointer($0) + Int(clamping: tensor.byte_offset) }
        let data = UnsafeRawBufferPointer(start: start, count: bytes)
        let offsets =
            dataType == .bytes
            ? UnsafeRawBufferPointer(start: tensor.offsets, count: (elements + 1) * 8)
            : UnsafeRawBufferPointer(start: nil, count: 0)

        var dataStorage: TensorStorage
        var dataOffset = 0
        var offsetStorage: TensorStorage?
        if tensor.release != nil {
            let owner = PluginMemory(taking: &tensor, pool: pool)
            dataStorage = .slice(of: data, keptAliveBy: owner)
            if dataType == .bytes { offsetStorage = .slice(of: offsets, keptAliveBy: owner) }
            // Codecs read elements in place, so they must lie as their type wants.
            if let start, dataType.byteWidth > 1, UInt(bitPattern: start) % UInt(dataType.byteWidth) != 0 {
                dataStorage = .copy(of: data, preferably: pool.outputs)
            }
        } else if let made = newOutputs.first(where: { UnsafeRawPointer($0.data.base) == start && bytes > 0 }) {
            dataStorage = made.data
            offsetStorage = made.offsets
            if dataType == .bytes, made.offsets.map({ UnsafeRawPointer($0.base) }) != offsets.baseAddress {
                offsetStorage = .copy(of: offsets, preferably: pool.outputs)
            }
        } else {
            if let input = shared(data, of: inputs, width: dataType.byteWidth) {
                // A part of the same storage, where a tensor can be that: so it needs none of its own.
                dataOffset = dataType == .bytes ? 0 : data.baseAddress! - UnsafeRawPointer(input.base)
                dataStorage = dataType == .bytes ? .slice(of: data, in: input) : input
            } else {
                dataStorage = .copy(of: data, preferably: pool.outputs)
            }
            if dataType == .bytes { offsetStorage = .copy(of: offsets, preferably: pool.outputs) }
        }
        do {
            if dataType == .bytes {
                return try Tensor(name: name, bytesOf: shape, data: dataStorage, offsets: offsetStorage ?? .empty)
            }
            return try Tensor(
                name: name, dataType: dataType, shape: shape, storage: dataStorage, byteOffset: dataOffset,
                byteCount: bytes)
        } catch {
            throw OutputError(reason: error.message)
        }
    }
}

/// A plugin's tensor that the host has taken over; released exactly once, when nobody uses its memory any more.
private final class PluginMemory {
    private var tensor: sluice_tensor
    private let pool: CallSlotPool

    /// Moves the tensor here, as in Arrow's C data interface: the original's `release` becomes null.
    init(taking original: inout sluice_tensor, pool: CallSlotPool) {
        tensor = original
        original.release = nil
        self.pool = pool
        pool.tensorTaken()
    }

    deinit {
        if tensor.release != nil { tensor.release(&tensor) }
        pool.tensorReleased()
    }
}
