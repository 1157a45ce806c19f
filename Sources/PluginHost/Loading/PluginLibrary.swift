internal import CSluicePlugin
internal import Crypto
internal import Foundation
internal import Glibc

/// One shared object that was opened and found to keep the ABI; it stays loaded for the life of the process.
///
/// Invariant behind `@unchecked Sendable`: the plugin's table is constant from the entry call on (the ABI says so), and
/// `host` is written only before the plugin first sees it.
package final class PluginLibrary: @unchecked Sendable {
    /// The file it was loaded from.
    package let path: String
    /// What the plugin calls itself, e.g. `org.example.iris`.
    package let id: String
    package let version: String
    package let summary: String
    let table: PluginTable
    /// Held around every [load] function: the ABI promises plugins one at a time.
    let loading = NSLock()

    private init(path: String, table: PluginTable) {
        self.path = path
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
        let handle = try openLibrary(path: path, sha256: sha256)
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
        return PluginLibrary(path: path, table: table)
    }

    /// The SHA-256 of a file as a pin is written: 64 hexadecimal digits.
    package static func digest(path: String) throws(PluginLoadError) -> String {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw PluginLoadError(.unreadable, "can't open \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        return try digest(ofDescriptor: descriptor, path: path)
    }

    private static func openLibrary(path: String, sha256: String?) throws(PluginLoadError) -> UnsafeMutableRawPointer {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let kind: PluginLoadError.Kind = errno == ENOENT ? .notFound : .unreadable
            throw PluginLoadError(kind, "can't open \(path): \(String(cString: strerror(errno)))")
        }
        var loadPath = path
        if let sha256 {
            let actual: String
            do {
                actual = try digest(ofDescriptor: descriptor, path: path)
            } catch {
                close(descriptor)
                throw error
            }
            guard actual == sha256 else {
                close(descriptor)
                throw PluginLoadError(
                    .pinMismatch, "\(path) is not the file that was pinned: its sha256 is \(actual), not \(sha256)")
            }
            // Loading through the descriptor leaves no moment in which the file could be exchanged. The descriptor stays
            // open: a plugin finds its own folder by that name.
            loadPath = "/proc/self/fd/\(descriptor)"
        } else {
            close(descriptor)
        }
        // RTLD_NODELETE and no dlclose: unloading a Swift plugin crashes the process.
        guard let handle = dlopen(loadPath, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
            throw PluginLoadError(.notLoadable, "can't load \(path): \(reason)")
        }
        return handle
    }

    private static func digest(ofDescriptor descriptor: Int32, path: String) throws(PluginLoadError) -> String {
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw PluginLoadError(.unreadable, "can't read \(path): \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            buffer.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        let digits = Array("0123456789abcdef")
        return String(hasher.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
