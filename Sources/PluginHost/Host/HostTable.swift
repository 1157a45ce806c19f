internal import CSluicePlugin
internal import Glibc
internal import Tensors

/// The table of host services that a plugin or model gets.
///
/// Tables are never freed: a plugin may keep the pointer for as long as the process lives.
enum HostTable {
    /// Behind `sluice_host.context`.
    final class Context: Sendable {
        let services: PluginServices
        let name: String

        init(services: PluginServices, name: String) {
            self.services = services
            self.name = name
        }
    }

    /// A new table whose log lines and metrics carry `name`.
    static func make(services: PluginServices, name: String) -> UnsafePointer<sluice_host> {
        let table = UnsafeMutablePointer<sluice_host>.allocate(capacity: 1)
        table.initialize(
            to: sluice_host(
                struct_size: MemoryLayout<sluice_host>.size,
                abi_minor: SLUICE_ABI_MINOR,
                log_level: UInt32(services.logLevel.rawValue),
                name: hostName, version: hostVersion,
                context: Unmanaged.passRetained(Context(services: services, name: name)).toOpaque(),
                log: hostLog, now_ns: hostNow, alloc: hostAllocate, free: hostFree, metric: hostMetric,
                observe: hostObserve, is_cancelled: hostIsCancelled, new_output: hostNewOutput, respond: hostRespond,
                extension: hostExtension))
        return UnsafePointer(table)
    }

    // Written once, never freed.
    nonisolated(unsafe) private static let hostName: UnsafePointer<CChar> = UnsafePointer(strdup("sluice"))
    nonisolated(unsafe) private static let hostVersion: UnsafePointer<CChar> = UnsafePointer(strdup(sluiceVersion))

    fileprivate static func context(of host: UnsafePointer<sluice_host>?) -> Context? {
        host?.pointee.context.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// The version that the gateway calls itself.
package let sluiceVersion = "0.1.0"

// The functions behind the table. Plugins call them from any thread; bad arguments are refused, not trusted.

private let hostLog: @convention(c) (UnsafePointer<sluice_host>?, Int32, UnsafePointer<CChar>?) -> Void = {
    host, level, message in
    guard let context = HostTable.context(of: host), let message else { return }
    let level = PluginServices.LogLevel(rawValue: max(0, min(level, 3))) ?? .error
    guard level.rawValue >= context.services.logLevel.rawValue else { return }
    // Bounded, so that a plugin can't flood the log with one line.
    let length = strnlen(message, 16 << 10)
    let text = String(decoding: UnsafeRawBufferPointer(start: message, count: length), as: UTF8.self)
    context.services.log(level, context.name, text)
}

private let hostNow: @convention(c) (UnsafePointer<sluice_host>?) -> UInt64 = { _ in MonotonicTime.now.nanoseconds }

private let hostAllocate: @convention(c) (UnsafePointer<sluice_host>?, Int, Int) -> UnsafeMutableRawPointer? = {
    _, size, alignment in
    guard size >= 0, alignment <= 1 << 20, alignment == 0 || alignment & (alignment - 1) == 0 else { return nil }
    var block: UnsafeMutableRawPointer?
    return posix_memalign(&block, max(alignment, 64), max(size, 1)) == 0 ? block : nil
}

private let hostFree: @convention(c) (UnsafePointer<sluice_host>?, UnsafeMutableRawPointer?) -> Void = { _, block in
    free(block)
}

private let hostMetric:
    @convention(c) (UnsafePointer<sluice_host>?, Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> UInt32 = {
        host, kind, name, help in
        guard let context = HostTable.context(of: host), let kind = PluginServices.MetricKind(rawValue: kind), let name
        else { return 0 }
        return context.services.metric(
            kind, context.name, String(cString: name), help.map { String(cString: $0) } ?? "")
    }

private let hostObserve: @convention(c) (UnsafePointer<sluice_host>?, UInt32, Double) -> Void = { host, metric, value in
    guard metric != 0, let context = HostTable.context(of: host) else { return }
    context.services.observe(metric, value)
}

private let hostIsCancelled: @convention(c) (UnsafePointer<sluice_request>?) -> Int32 = { request in
    guard let slot = CallSlot.of(request) else { return 1 }
    return slot.isCancelled ? 1 : 0
}

private let hostNewOutput:
    @convention(c) (UnsafePointer<sluice_request>?, UnsafeMutablePointer<sluice_tensor>?) -> sluice_status = {
        request, tensor in
        guard let slot = CallSlot.of(request), let tensor else { return sluice_status(SLUICE_INVALID_ARGUMENT) }
        return slot.newOutput(tensor).rawValue
    }

private let hostRespond:
    @convention(c) (UnsafePointer<sluice_request>?, UnsafePointer<sluice_response>?) -> sluice_status = {
        request, response in
        guard let slot = CallSlot.of(request), let response else { return sluice_status(SLUICE_INVALID_ARGUMENT) }
        return slot.respond(response).rawValue
    }

private let hostExtension: @convention(c) (UnsafePointer<sluice_host>?, UnsafePointer<CChar>?) -> UnsafeRawPointer? = {
    _, _ in nil
}
