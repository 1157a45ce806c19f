internal import CSluicePlugin

/// The C form of a declaration, and the memory that it points into: both live as long as the loaded model.
final class DeclarationForm {
    let info: UnsafePointer<sluice_model_info>
    private let blocks: [UnsafeMutableRawPointer]

    init(_ declaration: ModelDeclaration) {
        var blocks: [UnsafeMutableRawPointer] = []
        func array<Value>(_ values: [Value]) -> UnsafePointer<Value> {
            let memory = Permanent.array(values)
            blocks.append(UnsafeMutableRawPointer(memory))
            return UnsafePointer(memory)
        }
        func form(_ tensor: ModelDeclaration.Tensor) -> sluice_tensor_spec {
            sluice_tensor_spec(
                name: array(Array(tensor.name.utf8CString)), dtype: tensor.type.dtype,
                ndim: tensor.shape.map { Int32($0.count) } ?? -1, shape: tensor.shape.map(array),
                summary: tensor.summary.isEmpty ? nil : array(Array(tensor.summary.utf8CString)),
                reserved: (0, 0, 0))
        }
        var info = sluice_model_info()
        info.struct_size = MemoryLayout<sluice_model_info>.size
        info.inputs = array(declaration.inputs.map(form))
        info.input_count = declaration.inputs.count
        info.outputs = array(declaration.outputs.map(form))
        info.output_count = declaration.outputs.count
        info.batching = Int32(declaration.joinsRows ? SLUICE_BATCH_CONCAT : SLUICE_BATCH_NONE)
        info.max_concurrency = declaration.concurrency
        info.flags = UInt32(
            (declaration.isQuick ? SLUICE_MODEL_QUICK : 0)
                | (declaration.isDeterministic ? SLUICE_MODEL_DETERMINISTIC : 0))
        self.info = array([info])
        self.blocks = blocks
    }

    deinit {
        for block in blocks { block.deallocate() }
    }
}
