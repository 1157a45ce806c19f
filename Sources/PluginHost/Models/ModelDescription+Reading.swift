package import CSluicePlugin
internal import Tensors

extension ModelDescription {
    /// Inputs or outputs that a model may declare, at most.
    private static let maximumSpecs = 1024

    /// Reads what `describe` returned, trusting nothing in it.
    ///
    /// - Throws: `bad_description`, saying what is wrong.
    package init(
        reading info: UnsafePointer<sluice_model_info>?, model: String, pluginID: String
    ) throws(PluginLoadError) {
        func fail(_ reason: String) -> PluginLoadError {
            PluginLoadError(.badDescription, "model \"\(model)\" describes itself wrongly: \(reason)")
        }
        guard let info else { throw fail("describe returned NULL") }
        let size = info.pointee.struct_size
        // Fields up to and including `memory_bytes` have been there from the start.
        guard size >= MemoryLayout<sluice_model_info>.offset(of: \.platform)! else {
            throw fail("a sluice_model_info of \(size) bytes")
        }
        let batching: ModelSignature.Batching
        switch Int(info.pointee.batching) {
        case SLUICE_BATCH_NONE: batching = .none
        case SLUICE_BATCH_CONCAT: batching = .concat
        case SLUICE_BATCH_LIST: batching = .list
        default: throw fail("batching is \(info.pointee.batching)")
        }
        guard info.pointee.max_concurrency >= 0, info.pointee.max_batch_rows >= 0 else {
            throw fail("a negative max_concurrency or max_batch_rows")
        }
        let inputs: [TensorSpec]
        let outputs: [TensorSpec]
        do {
            inputs = try Self.specs(info.pointee.inputs, info.pointee.input_count, kind: "input", batching: batching)
            outputs = try Self.specs(
                info.pointee.outputs, info.pointee.output_count, kind: "output", batching: batching)
        } catch {
            throw fail(error.reason)
        }
        guard !outputs.isEmpty else { throw fail("it has no outputs") }
        signature = ModelSignature(inputs: inputs, outputs: outputs, batching: batching)
        maximumBatchRows = Int(info.pointee.max_batch_rows)
        maximumConcurrency = max(1, Int(info.pointee.max_concurrency))
        let flags = Int(info.pointee.flags)
        streams = flags & SLUICE_MODEL_STREAMS != 0
        isQuick = flags & SLUICE_MODEL_QUICK != 0
        keepsSequences = flags & SLUICE_MODEL_SEQUENCES != 0
        allowsRetry = flags & SLUICE_MODEL_NO_RETRY == 0
        isDeterministic = flags & SLUICE_MODEL_DETERMINISTIC != 0
        learnsAlone = flags & SLUICE_MODEL_LEARN_EXCLUSIVE != 0
        memoryBytes = info.pointee.memory_bytes
        platform = pluginID
        metadata = []
        if size >= MemoryLayout<sluice_model_info>.offset(of: \.metadata)!, let text = info.pointee.platform {
            platform = String(cString: text)
        }
        if size >= MemoryLayout<sluice_model_info>.offset(of: \.metadata_count)! + 8, let facts = info.pointee.metadata
        {
            metadata = (0..<min(info.pointee.metadata_count, 256)).compactMap { index in
                guard let key = facts[index].key, let value = facts[index].value else { return nil }
                return Fact(key: String(cString: key), value: String(cString: value))
            }
        }
    }

    private struct SpecError: Error {
        var reason: String
    }

    private static func specs(
        _ specs: UnsafePointer<sluice_tensor_spec>?, _ count: Int, kind: String, batching: ModelSignature.Batching
    ) throws(SpecError) -> [TensorSpec] {
        guard count <= maximumSpecs, count == 0 || specs != nil else { throw SpecError(reason: "\(count) \(kind)s") }
        var result: [TensorSpec] = []
        for index in 0..<count {
            guard let spec = specs?[index], let name = spec.name.map({ String(cString: $0) }), !name.isEmpty else {
                throw SpecError(reason: "\(kind) \(index) has no name")
            }
            guard !result.contains(where: { $0.name == name }) else {
                throw SpecError(reason: "two \(kind)s are named \"\(name)\"")
            }
            guard let dataType = DataType(dlpack: spec.dtype) else {
                throw SpecError(reason: "\(kind) \"\(name)\" has an unknown data type")
            }
            guard spec.ndim >= -1, Int(spec.ndim) < Shape.maximumRank, spec.ndim <= 0 || spec.shape != nil else {
                throw SpecError(reason: "\(kind) \"\(name)\" has \(spec.ndim) dimensions")
            }
            var shape: [Int]?
            if spec.ndim >= 0 {
                let declared = (0..<Int(spec.ndim)).map { Int(spec.shape[$0]) }
                guard declared.allSatisfy({ $0 >= -1 }) else {
                    throw SpecError(reason: "\(kind) \"\(name)\" has the shape \(Shape.text(declared))")
                }
                shape = batching == .none ? declared : [-1] + declared
            }
            result.append(
                TensorSpec(
                    name: name, dataType: dataType, shape: shape, summary: spec.summary.map { String(cString: $0) }))
        }
        return result
    }
}
