internal import CSluicePlugin
internal import Glibc
internal import NIOConcurrencyHelpers

/// One shared object that was opened and found to keep the ABI; it stays loaded for the life of the process.
///
/// Invariant behind `@unchecked Sendable`: the plugin's table is constant from the entry call on (the ABI says so), and
/// `host` is written only before the plugin first sees it.
package final class PluginLibrary: @unchecked Sendable {
    /// The file it was loaded from.
    package let path: String
    /// SHA-256 of that file: 64 lower-case hexadecimal digits.
    package let sha256: String
    /// What the plugin calls itself, e.g. `org.example.iris`.
    package let id: String
    package let version: String
    package let summary: String
    let table: PluginTable
    /// Held around every [load] function: the ABI promises plugins one at a time.
    let loading = NIOLock()

    private init(path: String, sha256: String, table: PluginTable) {
        self.path = path
        self.sha256 = sha256
        self.table = table
        self.id = table.text(\.id, at: MemoryLayout<sluice_plugin>.offset(of: \.id)) ?? ""
        self.version = table.text(\.version, at: MemoryLayout<sluice_plugin>.offset(of: \.version)) ?? ""
        self.summary = table.text(\.summary, at: MemoryLayout<sluice_plugin>.offset(of: \.summary)) ?? ""
    }

    /// Opens the file, checks the pin, the entry function, the versions, sizes and required functions, in this order,
    /// before any other function of the plugin runs.
    ///
    /// - Parameter sha256: 64 hexadecimal digits that the file's SHA-256 must equal; checked on the very descriptor that
    ///   is loaded.
    package static func open(
        path: String, sha256: String? = nil, services: PluginServices
    ) throws(PluginLoadError) -> PluginLibrary {
        let file = try PluginFile(path: path)
        try check(file, against: sha256)
        return try open(file, isPinned: sha256 != nil, services: services)
    }

    static func open(
        _ file: borrowing PluginFile, isPinned: Bool, services: PluginServices
    ) throws(PluginLoadError) -> PluginLibrary {
        let path = file.path
        let handle = try file.load(isPinned: isPinned)
        guard let symbol = dlsym(handle, "sluice_plugin_v1") else {
            throw PluginLoadError(
                .noEntry,
                "\(path) is no Sluice plugin: it doesn't export sluice_plugin_v1 (built with -fvisibility=hidden and "
                    + "without SLUICE_EXPORT, or for another major version?)")
        }
        // The header fixes the entry function's type; what else the symbol might be can't be known.
        let entry = unsafeBitCast(symbol, to: sluice_plugin_entry.self)
        let host = HostTable.make(services: services, name: path)
        var error = sluice_error()
        guard let plugin = entry(host, &error) else {
            let reason = error.text
            throw PluginLoadError(.refused, "\(path) refuses to run here\(reason.isEmpty ? "" : ": \(reason)")")
        }
        let table = PluginTable(plugin)
        try table.check(path: path)
        return PluginLibrary(path: path, sha256: file.sha256, table: table)
    }

    /// The SHA-256 of a file as a pin is written: 64 hexadecimal digits.
    package static func digest(path: String) throws(PluginLoadError) -> String { try PluginFile(path: path).sha256 }

    /// Checks that the file is the one that was pinned.
    static func check(_ file: borrowing PluginFile, against sha256: String?) throws(PluginLoadError) {
        guard let sha256, file.sha256 != sha256 else { return }
        throw PluginLoadError(
            .pinMismatch,
            "\(file.path) is not the file that was pinned: its sha256 is \(file.sha256), not \(sha256)")
    }
}
