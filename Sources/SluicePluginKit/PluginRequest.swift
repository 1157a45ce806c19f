internal import CSluicePlugin

/// One request. Valid until it is answered.
public struct PluginRequest {
    private let form: UnsafePointer<sluice_request>

    init(_ form: UnsafePointer<sluice_request>) {
        self.form = form
    }

    /// Whether the caller has gone: stop soon, but still respond.
    public var isCancelled: Bool { form.pointee.host.pointee.is_cancelled(form) != 0 }

    /// How many inputs there are; the gateway sends all that the model declares.
    public var inputCount: Int { form.pointee.input_count }

    /// The shape of an input; the host has checked it against what the model declares.
    public func shape(ofInput index: Int) -> [Int64] {
        let tensor = form.pointee.inputs[index]
        return (0..<Int(tensor.ndim)).map { tensor.shape[$0] }
    }

    /// An input's bytes, row-major and native-endian.
    public func bytes(ofInput index: Int) -> UnsafeRawBufferPointer {
        let tensor = form.pointee.inputs[index]
        return UnsafeRawBufferPointer(start: tensor.data, count: Int(tensor.byte_size))
    }

    /// Whether the caller wants an output of that name.
    public func wants(_ output: String) -> Bool {
        let wanted = UnsafeBufferPointer(start: form.pointee.wanted, count: form.pointee.wanted_count)
        return wanted.isEmpty || wanted.contains { $0.map { String(cString: $0) } == output }
    }

    /// Answers, finally, with outputs in the host's own memory. Not twice.
    ///
    /// - Throws: `PluginFailure` where the host has no room for them.
    public func respond(_ outputs: [PluginOutput]) throws {
        // The texts and shapes must live until `respond` has returned.
        var texts: [UnsafeMutablePointer<CChar>] = []
        var shapes: [UnsafeMutablePointer<Int64>] = []
        defer {
            for text in texts { text.deallocate() }
            for shape in shapes { shape.deallocate() }
        }
        var tensors: [sluice_tensor] = []
        for output in outputs {
            var tensor = sluice_tensor()
            let name = Permanent.array(Array(output.name.utf8CString))
            let shape = Permanent.array(output.shape)
            texts.append(name)
            shapes.append(shape)
            tensor.name = UnsafePointer(name)
            tensor.dtype = output.type.dtype
            tensor.ndim = Int32(output.shape.count)
            tensor.shape = shape
            tensor.byte_size = UInt64(output.byteCount)
            let status = form.pointee.host.pointee.new_output(form, &tensor)
            guard status == SLUICE_OK else { throw PluginFailure("no room for \(output.name)", code: status) }
            output.write(to: tensor)
            tensors.append(tensor)
        }
        tensors.withUnsafeMutableBufferPointer { tensors in
            var response = sluice_response()
            response.struct_size = MemoryLayout<sluice_response>.size
            response.outputs = tensors.baseAddress
            response.output_count = tensors.count
            response.flags = UInt32(SLUICE_FINAL)
            // Not OK means that the caller has gone: nothing is left to do.
            _ = form.pointee.host.pointee.respond(form, &response)
        }
    }
}
