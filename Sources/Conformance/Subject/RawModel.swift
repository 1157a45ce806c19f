internal import CSluicePlugin
internal import PluginHost
internal import Tensors

/// One model of the plugin, loaded and called without anything of the gateway's in between.
///
/// Invariant behind `@unchecked Sendable`: the handle is the plugin's, which says how many calls it takes at once.
final class RawModel: @unchecked Sendable {
    let plugin: RawPlugin
    let handle: OpaquePointer
    let host: ExamHost

    private init(plugin: RawPlugin, handle: OpaquePointer, host: ExamHost) {
        self.plugin = plugin
        self.handle = handle
        self.host = host
    }

    /// What came of `load()`.
    enum Loading {
        case loaded(RawModel)
        case refused(ExamRequest.Failure, fault: String?)
    }

    static func load(
        _ plugin: RawPlugin, _ arguments: ModelArguments, host: ExamHost, isGrown: Bool = false
    ) throws -> Loading {
        guard let load = plugin.field(\.load) else { throw Settled.failed("the plugin has no load()") }
        var error = sluice_error()
        var handle: OpaquePointer?
        let status = arguments.withCForm(isGrown: isGrown) { load(host.table, $0, &handle, &error) }
        guard status == SLUICE_OK else {
            let (failure, fault) = ErrorText.read(error, status: status, where: "load()")
            return .refused(failure, fault: fault)
        }
        guard let handle else { throw Settled.failed("load() returned OK and gave no model") }
        return .loaded(RawModel(plugin: plugin, handle: handle, host: host))
    }

    var info: UnsafePointer<sluice_model_info>? {
        plugin.field(\.describe)?(handle)
    }

    /// The declaration as the gateway reads it.
    func describe() throws -> ModelDescription {
        do {
            return try ModelDescription(
                reading: info, model: "checked", pluginID: plugin.text(\.id) ?? "")
        } catch {
            throw Settled.failed("\(error)")
        }
    }

    /// What `warmup()` fails with; `nil` where it doesn't, or where there is none.
    func warmUp() -> (ExamRequest.Failure, fault: String?)? {
        guard let warmup = plugin.field(\.warmup) else { return nil }
        var error = sluice_error()
        let status = warmup(handle, &error)
        return status == SLUICE_OK ? nil : ErrorText.read(error, status: status, where: "warmup()")
    }

    func unload() { plugin.field(\.unload)?(handle) }

    /// Calls a batch function; what it failed with, or `nil` for OK.
    func call(
        _ function: sluice_batch_fn, _ requests: [ExamRequest]
    ) -> (failure: ExamRequest.Failure, fault: String?)? {
        var error = sluice_error()
        let pointers: [UnsafePointer<sluice_request>?] = requests.map(\.pointer)
        let status = pointers.withUnsafeBufferPointer { function(handle, $0.baseAddress, $0.count, &error) }
        guard status != SLUICE_OK else { return nil }
        let (failure, fault) = ErrorText.read(error, status: status, where: "the function")
        return (failure, fault)
    }
}
