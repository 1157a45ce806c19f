internal import CSluicePlugin
internal import Tensors

/// Reads the outputs of one response, trusting nothing that the plugin says of them, and files what is wrong.
struct OutputReader {
    let request: ExamRequest
    let host: ExamHost

    /// Outputs in one response, at most.
    private static let most = 4096

    /// The outputs as values; `nil` where they can't be read, which is filed. Takes over what has a `release`.
    func take(_ response: UnsafePointer<sluice_response>, failed: Bool) -> [Tensor]? {
        let count = response.pointee.output_count
        guard count > 0 else { return [] }
        guard count <= Self.most, let outputs = response.pointee.outputs else {
            request.fault("answer.outputs", "\(count) outputs\(response.pointee.outputs == nil ? ", and no list" : "")")
            return nil
        }
        var tensors: [Tensor] = []
        var isWhole = true
        for index in 0..<count {
            switch take(&outputs[index]) {
            case .success(let tensor): tensors.append(tensor)
            case .failure(let fault):
                isWhole = false
                request.fault("answer.outputs", "output \(index): \(fault.text)")
                if outputs[index].release != nil { outputs[index].release(&outputs[index]) }
            }
        }
        return isWhole ? tensors : nil
    }

    /// What is wrong with one output.
    struct OutputFault: Error {
        var text: String
    }

    static func declared(
        _ tensor: sluice_tensor
    ) -> Result<(type: DataType, shape: [Int], elements: Int), OutputFault> {
        guard let type = DataType(dlpack: tensor.dtype) else {
            let dtype = tensor.dtype
            return .failure(
                OutputFault(text: "an unknown data type (code \(dtype.code), bits \(dtype.bits), lanes \(dtype.lanes))")
            )
        }
        guard tensor.ndim >= 0, Int(tensor.ndim) <= Shape.maximumRank else {
            return .failure(OutputFault(text: "\(tensor.ndim) dimensions"))
        }
        guard tensor.ndim == 0 || tensor.shape != nil else {
            return .failure(OutputFault(text: "\(tensor.ndim) dimensions and no shape"))
        }
        let shape = (0..<Int(tensor.ndim)).map { Int(tensor.shape[$0]) }
        guard let elements = Shape.elementCount(shape), elements <= 1 << 48 else {
            return .failure(OutputFault(text: "the impossible shape \(Shape.text(shape))"))
        }
        return .success((type, shape, elements))
    }

    private func take(_ tensor: inout sluice_tensor) -> Result<Tensor, OutputFault> {
        let type: DataType
        let shape: [Int]
        let elements: Int
        switch Self.declared(tensor) {
        case .success(let declared): (type, shape, elements) = declared
        case .failure(let fault): return .failure(fault)
        }
        func fail(_ text: String) -> Result<Tensor, OutputFault> { .failure(OutputFault(text: text)) }
        guard let namePointer = tensor.name, let name = String(validatingCString: namePointer), !name.isEmpty else {
            return fail("no name")
        }
        guard tensor.device_type == SLUICE_CPU else {
            return fail("\"\(name)\" has the device type \(tensor.device_type); host memory is \(SLUICE_CPU)")
        }
        guard tensor.strides == nil else { return fail("\"\(name)\" has strides") }
        let bytes = Int(clamping: tensor.byte_size)
        guard bytes == 0 || tensor.data != nil else { return fail("\"\(name)\" has \(bytes) bytes and no data") }
        if let needed = Shape.byteCount(shape, of: type), needed != bytes {
            return fail("\"\(name)\": \(type)\(Shape.text(shape)) takes \(needed) bytes, and byte_size is \(bytes)")
        }
        let start = tensor.data.map { UnsafeRawPointer($0) + Int(clamping: tensor.byte_offset) }
        let data = TensorStorage.copy(of: UnsafeRawBufferPointer(start: start, count: bytes))
        let copy: Tensor
        do throws(SluiceError) {
            if type == .bytes {
                guard let offsets = tensor.offsets else { return fail("\"\(name)\" is BYTES and has no offsets") }
                let copied = TensorStorage.copy(of: UnsafeRawBufferPointer(start: offsets, count: (elements + 1) * 8))
                copy = try Tensor(name: name, bytesOf: shape, data: data, offsets: copied)
            } else {
                copy = try Tensor(name: name, dataType: type, shape: shape, storage: data, byteCount: bytes)
            }
        } catch {
            return fail(error.message)
        }
        if tensor.release != nil {
            host.take(HeldOutput(moving: &tensor, copy: copy))
        } else {
            _ = request.isFromNewOutput(tensor, type: type, shape: shape)
        }
        return .success(copy)
    }
}
