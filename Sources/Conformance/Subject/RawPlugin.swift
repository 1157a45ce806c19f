internal import CSluicePlugin
internal import Glibc

/// A plugin's function table, opened without any of the checks that the gateway makes: they are what is to be tested.
///
/// Invariant behind `@unchecked Sendable`: the ABI says that the table is constant for the life of the process.
final class RawPlugin: @unchecked Sendable {
    let table: UnsafePointer<sluice_plugin>
    /// As far as the plugin says that its table reaches.
    let size: Int

    private init(_ table: UnsafePointer<sluice_plugin>) {
        self.table = table
        size = UnsafeRawPointer(table).load(as: Int.self)
    }

    /// Opens the shared object as the gateway does.
    static func open(_ path: String) throws -> UnsafeMutableRawPointer {
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw Settled.failed(dlerror().map { String(cString: $0) } ?? "dlopen gives no reason")
        }
        return handle
    }

    static func entry(in handle: UnsafeMutableRawPointer) throws -> sluice_plugin_entry {
        guard let symbol = dlsym(handle, "sluice_plugin_v1") else {
            throw Settled.failed("dlsym doesn't find sluice_plugin_v1")
        }
        // The header fixes the entry function's type; what else the symbol might be can't be known.
        return unsafeBitCast(symbol, to: sluice_plugin_entry.self)
    }

    static func enter(_ entry: sluice_plugin_entry, host: ExamHost) throws -> RawPlugin {
        var error = sluice_error()
        guard let table = entry(host.table, &error) else {
            let (failure, fault) = ErrorText.read(error, where: "the entry")
            throw Settled.failed(
                failure.text.isEmpty
                    ? "it returned NULL and put no reason into the error"
                    : "it refuses to run here: \(fault ?? failure.text)")
        }
        return RawPlugin(table)
    }

    func field<Value>(_ path: KeyPath<sluice_plugin, Value?>) -> Value? {
        guard let offset = MemoryLayout<sluice_plugin>.offset(of: path), offset + 8 <= size else { return nil }
        return table.pointee[keyPath: path]
    }

    func text(_ path: KeyPath<sluice_plugin, UnsafePointer<CChar>?>) -> String? {
        field(path).map { String(cString: $0) }
    }

    var isBackend: Bool { field(\.infer) != nil }
    var isCodec: Bool { field(\.decode) != nil || field(\.encode) != nil }

    /// The table's bytes, to see whether they change.
    var bytes: [UInt8] {
        Array(UnsafeRawBufferPointer(start: table, count: min(size, MemoryLayout<sluice_plugin>.size)))
    }
}
