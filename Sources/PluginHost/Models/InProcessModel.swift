internal import CSluicePlugin
internal import Dispatch
internal import Glibc
internal import NIOConcurrencyHelpers
package import Tensors

/// A model whose plugin runs inside the gateway.
///
/// Invariants behind `@unchecked Sendable`: `model` is set once at load; the plugin's functions are called only as its
/// thread tags allow ([load] functions under the library's lock, [work] functions by the scheduler's leave).
package final class InProcessModel: ModelInstance, @unchecked Sendable {
    /// What a model is loaded with.
    package struct Arguments: Sendable {
        package var model: String
        package var version: String
        /// Absolute folder from which relative paths in the config start.
        package var folder: String
        /// The config block as one JSON object.
        package var configJSON: String
        /// The config block's scalar leaves, by dotted path.
        package var options: [(key: String, value: String)]
        /// What its requests are for.
        package var function: PluginFunction

        package init(
            model: String, version: String, folder: String, configJSON: String,
            options: [(key: String, value: String)], function: PluginFunction = .infer
        ) {
            self.model = model
            self.version = version
            self.folder = folder
            self.configJSON = configJSON
            self.options = options
            self.function = function
        }
    }

    package let description: ModelDescription
    let library: PluginLibrary
    private let host: UnsafePointer<sluice_host>
    let model: OpaquePointer
    let slots: CallSlotPool
    private let inferFunction: sluice_batch_fn
    /// Taken while it learns.
    let lessons = DispatchSemaphore(value: 1)
    /// Keeps `infer` out of `learn`; `nil` where the model doesn't mind.
    private let learningLock: SharingLock?

    /// Loads a model. Blocks for as long as the plugin does.
    ///
    /// - Parameters:
    ///   - outputs: where its outputs shall lie; by default in the process's own memory.
    ///   - state: what it had learned before, where it keeps that.
    package init(
        _ library: PluginLibrary, arguments: Arguments, services: PluginServices, outputs: (any TensorMemory)? = nil,
        state: TensorStorage? = nil
    ) throws(PluginLoadError) {
        let table = library.table
        guard let load = table.load, let describe = table.describe else {
            throw PluginLoadError(.missingFunction, "\(library.path) lacks load or describe")
        }
        guard let infer = arguments.function.found(in: table) else {
            throw PluginLoadError(.missingFunction, "\(library.path) \(arguments.function.absence)")
        }
        let host = HostTable.make(services: services, name: arguments.model)
        library.loading.lock()
        defer { library.loading.unlock() }

        var error = sluice_error()
        var loaded: OpaquePointer?
        let status = arguments.withCForm { load(host, $0, &loaded, &error) }
        guard status == SLUICE_OK, let loaded else {
            let reason = error.text
            throw PluginLoadError(
                .loadFailed,
                "model \"\(arguments.model)\" can't be loaded by \(library.id): "
                    + (reason.isEmpty ? "status \(Status(pluginStatus: status)), no reason given" : reason))
        }
        var description: ModelDescription
        do {
            description = try ModelDescription(
                reading: describe(loaded), model: arguments.model, pluginID: library.id)
            description.learns = table.learn != nil
            description.keepsState = table.state != nil
            // Only infer() was declared quick; where it has to wait for learn() it may be on no event loop.
            if description.learns && description.learnsAlone { description.isQuick = false }
            if let state {
                try Self.restore(state, into: loaded, by: table.state, model: arguments.model, plugin: library.id)
            }
        } catch {
            table.unload?(loaded)
            throw error
        }
        self.description = description
        learningLock = description.learns && description.learnsAlone ? SharingLock() : nil
        self.library = library
        self.host = host
        self.model = loaded
        self.inferFunction = infer
        self.slots = CallSlotPool(
            model: arguments.model, description: description, services: services, outputs: outputs)
    }

    package func infer(_ call: InferenceCall) {
        guard let slot = enter(call) else { return }
        var request: UnsafePointer<sluice_request>? = slot.request
        inferOne(slot, &request)
    }

    package func infer(_ calls: [InferenceCall]) {
        guard calls.count > 1, description.signature.batching == .list else {
            for call in calls { infer(call) }
            return
        }
        let entered = calls.compactMap(enter)
        guard !entered.isEmpty else { return }
        var requests: [UnsafePointer<sluice_request>?] = entered.map(\.request)
        Self.withError { error in
            let status = sharing { inferFunction(model, &requests, requests.count, error) }
            // A list that fails as a whole has answered nobody: one bad request must not be the end of its neighbours.
            let triesSingly = status != SLUICE_OK && entered.count > 1 && description.allowsRetry
            let message = status == SLUICE_OK ? "" : Self.text(in: error)
            for (index, slot) in entered.enumerated() {
                if triesSingly, slot.isUnanswered {
                    inferOne(slot, &requests[index])
                } else {
                    slot.inferReturned(status, message: message, mustHaveAnswered: description.isQuick)
                }
            }
        }
    }

    /// The place of a call in the plugin; `nil` where its caller has gone.
    func enter(_ call: InferenceCall) -> CallSlot? {
        let slot = slots.take()
        // From `enter` on the slot is told when the caller leaves, so it must know the call by then.
        slot.begin(call, host: host)
        guard call.enter(slot) else {
            slot.withdraw()
            return nil
        }
        return slot
    }

    private func inferOne(_ slot: CallSlot, _ request: UnsafePointer<UnsafePointer<sluice_request>?>) {
        Self.withError { error in
            let status = sharing { inferFunction(model, request, 1, error) }
            slot.inferReturned(
                status, message: status == SLUICE_OK ? "" : Self.text(in: error),
                mustHaveAnswered: description.isQuick)
        }
    }

    private func sharing(_ body: () -> sluice_status) -> sluice_status {
        guard let learningLock else { return body() }
        return learningLock.withShare(body)
    }

    /// Calls into the plugin while nothing is asked of it, where it wants that.
    func alone(_ body: () -> sluice_status) -> sluice_status {
        guard let learningLock else { return body() }
        return learningLock.withWhole(body)
    }

    /// Room for a plugin's error. Only the first bytes are zeroed: 512 would cost more than the rest of the call.
    static func withError(_ body: (UnsafeMutablePointer<sluice_error>) -> Void) {
        withUnsafeTemporaryAllocation(of: sluice_error.self, capacity: 1) { error in
            UnsafeMutableRawPointer(error.baseAddress!).storeBytes(of: 0, as: UInt64.self)
            body(error.baseAddress!)
        }
    }

    static func text(in error: UnsafeMutablePointer<sluice_error>) -> String {
        let bytes = UnsafeRawBufferPointer(
            start: UnsafeRawPointer(error) + 4, count: MemoryLayout<sluice_error>.size - 4)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    package func warmUp() throws(PluginLoadError) {
        guard let warmup = library.table.warmup else { return }
        library.loading.lock()
        defer { library.loading.unlock() }
        var error = sluice_error()
        let status = warmup(model, &error)
        guard status == SLUICE_OK else {
            throw PluginLoadError(
                .warmupFailed, "model \"\(slots.model)\" failed to warm up: \(error.text)")
        }
    }

    package var unfinishedCalls: Int { slots.inUse }

    package var isIdle: Bool { slots.isIdle }

    package func unload() {
        precondition(isIdle, "the plugin still has requests, or somebody its memory")
        library.loading.lock()
        defer { library.loading.unlock() }
        library.table.unload?(model)
    }
}

extension InProcessModel.Arguments {
    /// The arguments as the plugin gets them; valid only inside `body`.
    fileprivate func withCForm<Result>(_ body: (UnsafePointer<sluice_load_args>) -> Result) -> Result {
        var texts: [UnsafeMutablePointer<CChar>?] = []
        defer { for text in texts { free(text) } }
        func text(_ string: String) -> UnsafePointer<CChar>? {
            let copy = strdup(string)
            texts.append(copy)
            return UnsafePointer(copy)
        }
        let pairs = options.map { sluice_kv(key: text($0.key), value: text($0.value)) }
        return pairs.withUnsafeBufferPointer { pairs in
            var args = sluice_load_args(
                struct_size: MemoryLayout<sluice_load_args>.size, model: text(model), version: text(version),
                path: text(folder), config_json: text(configJSON), options: pairs.baseAddress,
                option_count: pairs.count)
            return body(&args)
        }
    }
}
