public import CSluicePlugin

/// Makes the table of functions that the host calls.
///
/// A plugin's entry point is
///
///     @c @implementation
///     public func sluice_plugin_v1(
///         _ host: UnsafePointer<sluice_host>!, _ error: UnsafeMutablePointer<sluice_error>!
///     ) -> UnsafePointer<sluice_plugin>? {
///         PluginTable.make(id: "org.example.mine", version: "1.0.0", summary: "One line", model: Mine.self)
///     }
public enum PluginTable {
    /// The one model class of the library; C functions can't capture it.
    ///
    /// Set once, by the entry point, before anything else runs.
    nonisolated(unsafe) private static var modelType: (any PluginModel.Type)?

    /// What the host's opaque pointer to a model points at.
    private final class Loaded {
        let model: any PluginModel
        let form: DeclarationForm

        init(_ model: any PluginModel) {
            self.model = model
            form = DeclarationForm(model.declaration)
        }

        static func at(_ pointer: OpaquePointer?) -> Unmanaged<Loaded> {
            // The host hands back what `load` gave it, and never before or after.
            .fromOpaque(UnsafeRawPointer(pointer!))
        }
    }

    /// The table of a plugin, constant for the life of the process. Called once, by the entry point.
    public static func make(
        id: String, version: String, summary: String, model type: any PluginModel.Type
    ) -> UnsafePointer<sluice_plugin> {
        modelType = type
        var plugin = sluice_plugin()
        plugin.struct_size = MemoryLayout<sluice_plugin>.size
        plugin.abi_minor = SLUICE_ABI_MINOR
        plugin.tensor_size = UInt32(MemoryLayout<sluice_tensor>.size)
        plugin.id = Permanent.text(id)
        plugin.version = Permanent.text(version)
        plugin.summary = Permanent.text(summary)
        plugin.load = { _, args, out, error in
            PluginFailure.reported(in: error) {
                guard let args, let out, let type = PluginTable.modelType else {
                    throw PluginFailure("load without arguments")
                }
                let loaded = Loaded(try type.init(options: PluginOptions(args.pointee)))
                out.pointee = OpaquePointer(Unmanaged.passRetained(loaded).toOpaque())
            }
        }
        plugin.unload = { Loaded.at($0).release() }
        plugin.describe = { Loaded.at($0).takeUnretainedValue().form.info }
        plugin.infer = { pointer, requests, count, error in
            PluginFailure.reported(in: error) {
                guard count == 1, let request = requests?[0] else { throw PluginFailure("one request at a time") }
                try Loaded.at(pointer).takeUnretainedValue().model.infer(PluginRequest(request))
            }
        }
        return UnsafePointer(Permanent.array([plugin]))
    }
}
