public import CSluicePlugin
internal import SluicePluginKit

/// The one symbol that the host looks for.
@c @implementation
public func sluice_plugin_v1(
    _ host: UnsafePointer<sluice_host>!, _ error: UnsafeMutablePointer<sluice_error>!
) -> UnsafePointer<sluice_plugin>? {
    PluginTable.make(
        id: "dev.sluice.baseline", version: "1.0.0", summary: "Answers how often each class occurs",
        model: Baseline.self)
}
