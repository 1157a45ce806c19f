internal import CSluicePlugin

/// A plugin's function table, read no further than its own `struct_size` says.
///
/// Invariant: `plugin` points to a struct that the plugin keeps constant for the life of the process.
struct PluginTable {
    private let plugin: UnsafePointer<sluice_plugin>
    private let structSize: Int

    /// Everything up to and including `infer`: what the first release's plugins all have.
    static let smallest = MemoryLayout<sluice_plugin>.offset(of: \.infer)! + MemoryLayout<UInt>.size

    init(_ plugin: UnsafePointer<sluice_plugin>) {
        self.plugin = plugin
        // The size comes first in every struct that grows, so it may be read before anything else is known.
        self.structSize = UnsafeRawPointer(plugin).load(as: Int.self)
    }

    /// A field, or `nil` where the plugin was compiled before it existed.
    private func field<Value>(_ path: KeyPath<sluice_plugin, Value?>) -> Value? {
        guard let offset = MemoryLayout<sluice_plugin>.offset(of: path), offset + 8 <= structSize else { return nil }
        return plugin.pointee[keyPath: path]
    }

    func text(_ path: KeyPath<sluice_plugin, UnsafePointer<CChar>?>, at offset: Int?) -> String? {
        guard let offset, offset + 8 <= structSize else { return nil }
        return plugin.pointee[keyPath: path].map { String(cString: $0) }
    }

    var load:
        (
            @convention(c) (
                UnsafePointer<sluice_host>?, UnsafePointer<sluice_load_args>?, UnsafeMutablePointer<OpaquePointer?>?,
                UnsafeMutablePointer<sluice_error>?
            ) -> sluice_status
        )?
    { field(\.load) }
    var unload: (@convention(c) (OpaquePointer?) -> Void)? { field(\.unload) }
    var describe: (@convention(c) (OpaquePointer?) -> UnsafePointer<sluice_model_info>?)? { field(\.describe) }
    var infer: sluice_batch_fn? { field(\.infer) }
    var decode: sluice_batch_fn? { field(\.decode) }
    var encode: sluice_batch_fn? { field(\.encode) }
    var warmup: (@convention(c) (OpaquePointer?, UnsafeMutablePointer<sluice_error>?) -> sluice_status)? {
        field(\.warmup)
    }

    var learn: sluice_batch_fn? { field(\.learn) }
    var `extension`: (@convention(c) (UnsafePointer<CChar>?) -> UnsafeRawPointer?)? { field(\.extension) }
    /// What `sluice.state/1` is made of, where the plugin offers it with both functions.
    var state: sluice_state? {
        guard let state = self.extension?(SLUICE_EXT_STATE)?.load(as: sluice_state.self),
            state.save != nil, state.restore != nil
        else { return nil }
        return state
    }
    var abiMinor: UInt32 { plugin.pointee.abi_minor }
    /// At most 256: a list that never ends is no list.
    var contentTypes: [String] {
        guard let list = field(\.content_types) else { return [] }
        var types: [String] = []
        while types.count < 256, let text = list[types.count] { types.append(String(cString: text)) }
        return types
    }

    /// Checks sizes, versions, texts and required functions; each failure has its own message.
    func check(path: String) throws(PluginLoadError) {
        guard structSize >= Self.smallest, structSize <= 1 << 16 else {
            throw PluginLoadError(
                .tooSmall,
                "\(path) hands out a sluice_plugin of \(structSize) bytes; at least \(Self.smallest) are needed: its "
                    + "binding doesn't match sluice_plugin.h (SLUICE_PLUGIN_HEAD must come first)")
        }
        let tensorSize = Int(plugin.pointee.tensor_size)
        guard tensorSize == MemoryLayout<sluice_tensor>.size else {
            throw PluginLoadError(
                .wrongTensorSize,
                "\(path) was built with a sluice_tensor of \(tensorSize) bytes, but the ABI's has "
                    + "\(MemoryLayout<sluice_tensor>.size): its binding doesn't match sluice_plugin.h")
        }
        for (name, isMissing) in [
            ("load", load == nil), ("unload", unload == nil), ("describe", describe == nil),
        ] where isMissing {
            throw PluginLoadError(.missingFunction, "\(path) lacks the required function \(name)")
        }
        if infer == nil && decode == nil && encode == nil {
            throw PluginLoadError(
                .missingFunction, "\(path) has none of infer, decode and encode: it could never answer anything")
        }
        for (name, text) in [("id", plugin.pointee.id), ("version", plugin.pointee.version)]
        where text.map({ $0.pointee == 0 }) ?? true {
            throw PluginLoadError(.missingText, "\(path) doesn't say its \(name)")
        }
    }
}

extension sluice_error {
    /// The message, as far as it is text; at most 507 bytes.
    var text: String {
        withUnsafeBytes(of: message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
