internal import CSandbox
internal import FoundationEssentials
internal import Glibc

/// Locks this process up as its orders say, before any plugin's code is in it.
enum Sandbox {
    /// By how much a runner gives way to the gateway where there are too few processors: about a third of its share.
    private static let niceness: Int32 = 5
    /// Descriptors that a runner may have open at a time.
    private static let descriptorLimit: UInt64 = 4096

    /// Asks to die with the gateway; false where that is gone already.
    static func dieWithParent(_ process: Int32) -> Bool { sandbox_die_with_parent(process) }

    /// What `yieldToGateway` needs; to be had only before `enter`.
    static func schedulingGroup() -> Int32 { sandbox_scheduling_group() }

    /// Goes behind the gateway where there are too few processors for both.
    static func yieldToGateway(_ group: Int32) { sandbox_yield_to_gateway(niceness, group) }

    /// Goes into the sandbox.
    ///
    /// - Parameter network: how it comes to a network with nothing in it, where the plan wants that.
    /// - Returns: what the kernel refused, for the log; everything else is in force.
    static func enter(_ plan: SandboxPlan, pluginPath: String, network: NetworkWay) -> [String] {
        var refused: [String] = []
        func note(_ what: String, _ reason: Int32) {
            if reason != 0 { refused.append("\(what): \(String(cString: strerror(reason)))") }
        }
        note("resource limits", sandbox_limit(descriptorLimit, plan.memoryLimit.map(dataLimit) ?? 0))
        guard plan.level != .off else { return refused }
        if !plan.allowsNetwork { note("a network of its own", leaveNetwork(network)) }
        note("no privileges", sandbox_drop_privileges())
        let readable = plan.level == .strict ? strictPaths(plan, pluginPath: pluginPath) : ["/"]
        note(
            "file access (Landlock)",
            withCStrings(readable) { readable in
                withCStrings(plan.writablePaths) { writable in
                    sandbox_restrict_files(
                        readable.baseAddress, readable.count, writable.baseAddress, writable.count, plan.allowsNetwork)
                }
            })
        note("system calls (seccomp)", sandbox_restrict_calls(plan.level == .strict, plan.allowsNetwork))
        return refused
    }

    private static func leaveNetwork(_ way: NetworkWay) -> Int32 {
        let isThere =
            switch way {
            case .make: false
            case .join: sandbox_join_network(ChannelLayout.network, -1) == 0
            case .joinOwned: sandbox_join_network(ChannelLayout.network, ChannelLayout.networkOwner) == 0
            }
        return isThere ? 0 : sandbox_leave_network()
    }

    /// The hard stop behind the gateway's own watch: private memory is counted by what is mapped, so it must leave room
    /// for threads' stacks and the allocator's reserves.
    private static func dataLimit(_ memory: Int) -> UInt64 {
        UInt64(memory) * 2 + (256 << 20)
    }

    /// What `strict` may read: libraries and what describes the machine to them, the plugin's own folder, grants.
    static func strictPaths(_ plan: SandboxPlan, pluginPath: String) -> [String] {
        var paths = [
            "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/cpuinfo",
            "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu",
            "/sys/devices/system/node",
        ]
        let plugin = URL(fileURLWithPath: pluginPath)
        paths.append(plugin.deletingLastPathComponent().path)
        paths.append(plugin.resolvingSymlinksInPath().deletingLastPathComponent().path)
        return paths + libraryFolders() + plan.readablePaths
    }

    /// Where this program's own libraries came from: Swift's may lie anywhere, and a plugin may want more of them.
    private static func libraryFolders() -> Set<String> {
        guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else { return [] }
        var folders: Set<String> = []
        for line in maps.split(separator: "\n") {
            guard let start = line.firstIndex(of: "/"), line.contains(".so") else { continue }
            folders.insert(URL(fileURLWithPath: String(line[start...])).deletingLastPathComponent().path)
        }
        return folders
    }

    static func withCStrings<Result>(
        _ texts: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = texts.map { UnsafePointer(strdup($0)) }
        defer { for copy in copies { free(UnsafeMutablePointer(mutating: copy)) } }
        return copies.withUnsafeBufferPointer(body)
    }
}
