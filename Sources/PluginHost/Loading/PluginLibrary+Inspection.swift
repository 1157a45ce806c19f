internal import CSluicePlugin

extension PluginLibrary {
    /// The minor version of the ABI that the plugin was built with.
    package var abiMinor: UInt32 { table.abiMinor }

    /// Names of the functions that the plugin has, in the header's order.
    package var functionNames: [String] {
        let functions: [(String, Bool)] = [
            ("load", table.load != nil), ("unload", table.unload != nil), ("describe", table.describe != nil),
            ("infer", table.infer != nil), ("learn", table.learn != nil), ("decode", table.decode != nil),
            ("encode", table.encode != nil), ("extension", table.extension != nil), ("warmup", table.warmup != nil),
        ]
        return functions.filter(\.1).map(\.0)
    }

    /// Media types that a codec reads and writes.
    package var contentTypes: [String] { table.contentTypes }
}
