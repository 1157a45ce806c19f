import Foundation
import Glibc
import NIOConcurrencyHelpers
import PluginHost
import Testing

/// Cgroups for runners, in folders that look like the kernel's: what is decided, and what is written where.
@Suite struct RunnerGroupsTests {
    /// A folder like that of a mounted cgroup tree, with a gateway's own cgroup in it.
    private final class Tree {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-groups-\(UUID().uuidString)")
            .path
        var own: String { "\(root)/system.slice/sluice.service" }

        init(controllers: String = "cpu memory pids", processes: [Int32] = [4711]) throws {
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            try write(controllers + "\n", "cgroup.controllers")
            try write(processes.map { "\($0)\n" }.joined(), "cgroup.procs")
            try write("", "cgroup.subtree_control")
        }

        deinit { try? FileManager.default.removeItem(atPath: root) }

        func write(_ text: String, _ file: String) throws {
            try text.write(toFile: "\(own)/\(file)", atomically: false, encoding: .utf8)
        }

        func read(_ file: String) -> String? { try? String(contentsOfFile: "\(own)/\(file)", encoding: .utf8) }

        /// What the kernel would say of process 4711, whose children are 4712 and 4713.
        func facts(
            membership: String = "1:name=systemd:/else\n0::/system.slice/sluice.service\n", mounts: String? = nil,
            process: Int32 = 4711
        ) -> RunnerGroups.Facts {
            RunnerGroups.Facts(
                membership: membership,
                mounts: mounts ?? """
                    22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
                    30 23 0:26 / \(root) rw,nosuid shared:4 - cgroup2 cgroup2 rw

                    """,
                process: process, parent: { [4712, 4713].contains($0) ? 4711 : 1 })
        }
    }

    private func reason(_ facts: RunnerGroups.Facts) -> String {
        if case .watching(let reason) = RunnerGroups(facts).mechanism { reason } else { "none" }
    }

    @Test func gatewayMovesAsideAndHandsTheMemoryControllerDown() throws {
        let tree = try Tree(processes: [4711, 4712])
        let groups = RunnerGroups(tree.facts())
        #expect(groups.mechanism == .groups(folder: tree.own))
        // The kernel's file takes one process a write; a plain file keeps the last.
        #expect(tree.read("gateway/cgroup.procs") == "4712")
        #expect(tree.read("cgroup.subtree_control") == "+memory")

        let group = try #require(try groups.group(for: 99, memory: 256 << 20))
        #expect(group.folder == "\(tree.own)/runner-4711-1")
        #expect(tree.read("runner-4711-1/memory.max") == "268435456")
        #expect(tree.read("runner-4711-1/memory.swap.max") == "0")
        #expect(tree.read("runner-4711-1/memory.oom.group") == "1")
        #expect(tree.read("runner-4711-1/cgroup.procs") == "99")
        #expect(try groups.group(for: 100, memory: 1 << 30)?.folder == "\(tree.own)/runner-4711-2")
    }

    @Test func whatAKilledGatewayLeftIsInNobodysWay() throws {
        let tree = try Tree()
        try FileManager.default.createDirectory(atPath: "\(tree.own)/gateway", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(tree.own)/runner-4711-1", withIntermediateDirectories: true)
        let groups = RunnerGroups(tree.facts())
        #expect(try groups.group(for: 99, memory: 1 << 30)?.folder == "\(tree.own)/runner-4711-2")
    }

    @Test func groupsAreTakenAway() throws {
        let tree = try Tree()
        let group = try #require(try RunnerGroups(tree.facts()).group(for: 99, memory: 1 << 30))
        // The kernel's files go with their folder.
        for file in try FileManager.default.contentsOfDirectory(atPath: group.folder) {
            try FileManager.default.removeItem(atPath: "\(group.folder)/\(file)")
        }
        group.remove()
        #expect(!FileManager.default.fileExists(atPath: group.folder))
    }

    @Test(
        arguments: [
            (nil, false), ("low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n", false),
            ("low 0\nhigh 0\nmax 12\noom 1\noom_kill 2\noom_group_kill 1\n", true), ("", false),
        ] as [(String?, Bool)])
    func killsForWantOfMemoryAreSeen(events: String?, hasRunOut: Bool) throws {
        let tree = try Tree()
        let group = try #require(try RunnerGroups(tree.facts()).group(for: 99, memory: 1 << 30))
        if let events { try events.write(toFile: "\(group.folder)/memory.events", atomically: false, encoding: .utf8) }
        #expect(group.hasRunOut == hasRunOut)
    }

    @Test func whereThereAreNoneMemoryIsWatchedAndTheReasonIsSaid() throws {
        let tree = try Tree()
        #expect(reason(tree.facts(membership: "4:memory:/a\n")) == "there are no cgroups of version 2")
        #expect(reason(tree.facts(mounts: "22 1 8:1 / / rw - ext4 /dev/root rw\n")).contains("are not mounted"))
        #expect(reason(tree.facts(membership: "0::/nowhere\n")).contains("nowhere can't be written"))
        let bare = try Tree(controllers: "cpu pids")
        #expect(reason(bare.facts()) == "\(bare.own) has no memory controller")
        let shared = try Tree(processes: [4711, 4712, 8])
        #expect(reason(shared.facts()).contains("process 8 is in"))
        #expect(shared.read("gateway/cgroup.procs") == nil, "nothing was touched")
        #expect(try RunnerGroups(shared.facts()).group(for: 99, memory: 1) == nil)
    }

    @Test func whatTheKernelRefusesIsUndone() throws {
        let tree = try Tree()
        try FileManager.default.removeItem(atPath: "\(tree.own)/cgroup.subtree_control")
        try FileManager.default.createDirectory(
            atPath: "\(tree.own)/cgroup.subtree_control", withIntermediateDirectories: true)
        #expect(reason(tree.facts()).contains("cgroup.subtree_control can't be opened: Is a directory"))
        #expect(tree.read("cgroup.procs") == "4711\n" || tree.read("cgroup.procs") == "4711")
    }

    /// In a container the tree that is mounted may begin where the container does.
    @Test func pathsAreThoseBelowTheMount() throws {
        let tree = try Tree()
        let mounts = "30 23 0:26 /docker/abc \(tree.root) rw - cgroup2 cgroup2 rw\n"
        let inside = tree.facts(membership: "0::/docker/abc/system.slice/sluice.service\n", mounts: mounts)
        #expect(RunnerGroups(inside).mechanism == .groups(folder: tree.own))
        #expect(reason(tree.facts(membership: "0::/docker/abcdef\n", mounts: mounts)).contains("are not mounted"))
    }

    @Test func runnerIsPutIntoItsGroupAndItsEndIsToldByTheKernelsCount() throws {
        let tree = try Tree()
        let groups = RunnerGroups(tree.facts())
        let stub = try StubModel.warm(
            ["no_retry": "true"], in: .isolated, sandbox: SandboxPlan(memoryLimit: 256 << 20), groups: groups)
        let runner = try #require(tree.read("runner-4711-1/cgroup.procs").flatMap { Int32($0) })
        #expect(tree.read("runner-4711-1/memory.max") == "268435456")
        #expect((try? String(contentsOfFile: "/proc/\(runner)/comm", encoding: .utf8)) == "sluice-runner\n")
        // What the kernel does to a runner that takes more, and what it then says.
        try tree.write("oom_kill 1\n", "runner-4711-1/memory.events")
        kill(runner, SIGKILL)
        #expect(eventually { !stub.recorder.failures.withLockedValue { $0.isEmpty } })
        let failure = try #require(stub.recorder.failures.withLockedValue { $0.first })
        #expect(failure.cause == .outOfMemory)
        #expect(failure.reason == "it took more than the 256 MiB of memory that are allowed")
        #expect(eventually { stub.instance.isReady })
        #expect(tree.read("runner-4711-2/memory.max") == "268435456", "the next has a group of its own")
        stub.instance.unload()
    }
}
