// sluice_plugin.h for Swift: a plugin writes a `Model` and the entry point; this file turns them into the table of
// functions that the host calls. All unsafe code is here, and all memory that `constant` makes stays for ever.
import SluicePlugin

/// What a plugin is made of. `Sendable`: `infer` runs on several threads at once.
protocol Model: AnyObject, Sendable {
    /// What the model takes and answers.
    static var info: ModelInfo { get }
    /// Reads the `config:` block of gateway.yaml, every value as text under its dotted path.
    init(options: [(key: String, value: String)]) throws
    /// Answers one request by `request.respond`.
    func infer(_ request: Request) throws
}

/// What went wrong, for the caller.
struct Failure: Error {
    var message: String
    var code = SLUICE_INVALID_ARGUMENT
}

/// A Swift type that is a tensor's element as it is.
protocol Element: BitwiseCopyable { static var dtype: sluice_dtype { get } }
extension Float: Element { static var dtype: sluice_dtype { .init(code: UInt8(SLUICE_FLOAT), bits: 32, lanes: 1) } }
extension Double: Element { static var dtype: sluice_dtype { .init(code: UInt8(SLUICE_FLOAT), bits: 64, lanes: 1) } }
extension Int32: Element { static var dtype: sluice_dtype { .init(code: UInt8(SLUICE_INT), bits: 32, lanes: 1) } }
extension Int64: Element { static var dtype: sluice_dtype { .init(code: UInt8(SLUICE_INT), bits: 64, lanes: 1) } }
extension UInt8: Element { static var dtype: sluice_dtype { .init(code: UInt8(SLUICE_UINT), bits: 8, lanes: 1) } }

private func constant<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
    let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
    memory.initialize(from: values, count: values.count)
    return memory
}

private func text(_ string: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(string.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// A tensor that the model declares; -1 in the shape is any size.
struct TensorSpec {
    fileprivate let form: sluice_tensor_spec

    init(_ name: StaticString, of element: (some Element).Type, shape: [Int64], summary: StaticString) {
        form = sluice_tensor_spec(
            name: text(name), dtype: element.dtype, ndim: Int32(shape.count), shape: constant(shape),
            summary: text(summary), reserved: (0, 0, 0))
    }
}

/// What a model declares. `@unchecked`: the memory behind it never changes.
struct ModelInfo: @unchecked Sendable {
    fileprivate let form: UnsafePointer<sluice_model_info>

    /// Without batching, for up to `concurrency` calls at once.
    init(inputs: [TensorSpec], outputs: [TensorSpec], concurrency: Int32, flags: Int = 0) {
        form = UnsafePointer(
            constant([
                sluice_model_info(
                    struct_size: MemoryLayout<sluice_model_info>.size, inputs: constant(inputs.map(\.form)),
                    input_count: inputs.count, outputs: constant(outputs.map(\.form)), output_count: outputs.count,
                    batching: Int32(SLUICE_BATCH_NONE), max_batch_rows: 0, max_concurrency: concurrency,
                    flags: UInt32(flags), memory_bytes: 0, platform: nil, metadata: nil, metadata_count: 0)
            ]))
    }
}

/// One request; valid until it is answered.
struct Request {
    fileprivate let form: UnsafePointer<sluice_request>

    /// Whether the caller has gone: stop soon, but still respond.
    var isCancelled: Bool { form.pointee.host.pointee.is_cancelled(form) != 0 }

    /// The input of that place; the host has checked it against what the model declares.
    func input<Value: Element>(_ index: Int, of element: Value.Type = Value.self) -> UnsafeBufferPointer<Value> {
        let tensor = form.pointee.inputs[index]
        let count = Int(tensor.byte_size) / MemoryLayout<Value>.size
        return UnsafeBufferPointer(start: tensor.data?.assumingMemoryBound(to: Value.self), count: count)
    }

    /// Answers with one output in the host's own memory, which `fill` writes.
    func respond<Value: Element>(
        _ name: StaticString, shape: [Int64], fill: (UnsafeMutableBufferPointer<Value>) -> Void
    ) throws {
        let host = form.pointee.host.pointee
        let count = Int(shape.reduce(1, *))
        var shape = shape
        try shape.withUnsafeMutableBufferPointer { shape in
            var output = sluice_tensor()
            output.name = text(name)
            output.dtype = Value.dtype
            output.ndim = Int32(shape.count)
            output.shape = shape.baseAddress
            output.byte_size = UInt64(count * MemoryLayout<Value>.size)
            let status = host.new_output(form, &output)
            guard status == SLUICE_OK else { throw Failure(message: "no room for \(name)", code: Int(status)) }
            fill(UnsafeMutableBufferPointer(start: output.data?.assumingMemoryBound(to: Value.self), count: count))
            withUnsafeMutablePointer(to: &output) { output in
                var response = sluice_response()
                response.struct_size = MemoryLayout<sluice_response>.size
                response.outputs = output
                response.output_count = 1
                response.flags = UInt32(SLUICE_FINAL)
                _ = host.respond(form, &response)  // not OK = the caller has gone: nothing is left to do
            }
        }
    }
}

/// Runs `body`; what it throws becomes the status and the message that the host reads.
private func guarded(_ error: UnsafeMutablePointer<sluice_error>?, _ body: () throws -> Void) -> sluice_status {
    do {
        try body()
        return sluice_status(SLUICE_OK)
    } catch let problem {
        let failure = problem as? Failure ?? Failure(message: "\(problem)", code: SLUICE_INTERNAL)
        guard let error else { return sluice_status(failure.code) }
        error.pointee.code = sluice_status(failure.code)
        withUnsafeMutableBytes(of: &error.pointee.message) { message in
            let bytes = failure.message.utf8.prefix(message.count - 1)
            message.copyBytes(from: bytes)
            message[bytes.count] = 0
        }
        return sluice_status(failure.code)
    }
}

/// The one model class of this plugin; C functions can't capture it.
nonisolated(unsafe) private var modelType: (any Model.Type)?

/// What the host's opaque pointer to a model points at.
private final class Loaded {
    let model: any Model
    init(_ model: any Model) { self.model = model }

    static func at(_ pointer: OpaquePointer?) -> Unmanaged<Loaded> { .fromOpaque(UnsafeRawPointer(pointer!)) }
}

/// The table of a plugin. Called once, by the entry point.
func makePlugin(
    id: StaticString, version: StaticString, summary: StaticString, model type: any Model.Type
) -> UnsafePointer<sluice_plugin> {
    modelType = type
    var plugin = sluice_plugin()
    plugin.struct_size = MemoryLayout<sluice_plugin>.size
    plugin.abi_minor = SLUICE_ABI_MINOR
    plugin.tensor_size = UInt32(MemoryLayout<sluice_tensor>.size)
    plugin.id = text(id)
    plugin.version = text(version)
    plugin.summary = text(summary)
    plugin.load = { _, args, out, error in
        guarded(error) {
            let options = UnsafeBufferPointer(start: args!.pointee.options, count: args!.pointee.option_count)
            let model = try modelType!.init(
                options: options.map { (String(cString: $0.key), String(cString: $0.value)) })
            out!.pointee = OpaquePointer(Unmanaged.passRetained(Loaded(model)).toOpaque())
        }
    }
    plugin.unload = { Loaded.at($0).release() }
    plugin.describe = { _ in modelType!.info.form }
    plugin.infer = { pointer, requests, _, error in
        guarded(error) { try Loaded.at(pointer).takeUnretainedValue().model.infer(Request(form: requests![0]!)) }
    }
    return UnsafePointer(constant([plugin]))
}
