internal import FoundationEssentials
internal import Glibc
internal import NIOConcurrencyHelpers

/// Where the kernel lets this process make cgroups (version 2), the place for those of runners whose memory is limited.
///
/// A cgroup that hands controllers to others must have no processes of its own, so this process moves into one below its
/// own first. That is done only where nobody else is in there: a service manager that delegates (`Delegate=memory` in a
/// systemd unit), or a container with a cgroup tree that may be written.
package final class RunnerGroups: Sendable {
    /// How runners are held to their limits.
    package enum Mechanism: Sendable, Equatable {
        /// By the kernel, in cgroups below this folder.
        case groups(folder: String)
        /// By looking every now and then, and a resource limit behind that; why not by the kernel.
        case watching(reason: String)
    }

    /// What the kernel says of this process.
    package struct Facts: Sendable {
        /// `/proc/self/cgroup`
        package var membership: String
        /// `/proc/self/mountinfo`
        package var mounts: String
        package var process: Int32
        /// The parent of a process.
        package var parent: @Sendable (Int32) -> Int32?

        package init(
            membership: String, mounts: String, process: Int32, parent: @escaping @Sendable (Int32) -> Int32?
        ) {
            self.membership = membership
            self.mounts = mounts
            self.process = process
            self.parent = parent
        }

        /// Those of this process.
        package static var own: Facts {
            Facts(
                membership: (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? "",
                mounts: (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? "", process: getpid(),
                parent: { process in
                    let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
                    // The name before it may hold anything, brackets too.
                    let fields = status?.split(separator: ")").last?.split(separator: " ")
                    return fields.flatMap { $0.count > 1 ? Int32($0[1]) : nil }
                })
        }
    }

    package let mechanism: Mechanism
    private let process: Int32
    private let number = NIOLockedValueBox(0)

    /// Gets a place for groups ready, or finds out why there is none.
    package init(_ facts: Facts = .own) {
        process = facts.process
        do throws(Unavailable) {
            mechanism = .groups(folder: try Self.prepare(facts))
        } catch {
            mechanism = .watching(reason: error.reason)
        }
    }

    private struct Unavailable: Error {
        var reason: String
    }

    // MARK: Getting ready

    private static func prepare(_ facts: Facts) throws(Unavailable) -> String {
        let folder = try folder(facts)
        guard words(in: "\(folder)/cgroup.controllers").contains("memory") else {
            throw Unavailable(reason: "\(folder) has no memory controller")
        }
        let inside = words(in: "\(folder)/cgroup.procs").compactMap { Int32($0) }
        for other in inside where other != facts.process && facts.parent(other) != facts.process {
            throw Unavailable(reason: "process \(other) is in \(folder) as well, which isn't this gateway's alone")
        }
        let own = "\(folder)/gateway"
        guard mkdir(own, 0o755) == 0 || errno == EEXIST else {
            throw Unavailable(reason: "\(own) can't be made: \(String(cString: strerror(errno)))")
        }
        do {
            for process in inside { try write("\(process)", to: "\(own)/cgroup.procs") }
            try write("+memory", to: "\(folder)/cgroup.subtree_control")
        } catch {
            for process in inside { try? write("\(process)", to: "\(folder)/cgroup.procs") }
            rmdir(own)
            throw error
        }
        return folder
    }

    /// The folder of this process's own cgroup.
    private static func folder(_ facts: Facts) throws(Unavailable) -> String {
        let line = facts.membership.split(separator: "\n").first { $0.hasPrefix("0::/") }
        guard let path = line?.dropFirst(3) else { throw Unavailable(reason: "there are no cgroups of version 2") }
        for line in facts.mounts.split(separator: "\n") {
            // 30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw
            let halves = line.split(separator: " - ", maxSplits: 1)
            guard halves.count == 2, halves[1].hasPrefix("cgroup2 ") else { continue }
            let fields = halves[0].split(separator: " ")
            guard fields.count > 4 else { continue }
            let (root, mount) = (String(fields[3]), String(fields[4]))
            guard root == "/" || path == root || path.hasPrefix(root + "/") else { continue }
            let below = root == "/" ? String(path) : String(path.dropFirst(root.count))
            let folder = below == "/" || below.isEmpty ? mount : mount + below
            guard access(folder, W_OK) == 0 else {
                throw Unavailable(reason: "\(folder) can't be written: \(String(cString: strerror(errno)))")
            }
            return folder
        }
        throw Unavailable(reason: "cgroups of version 2 are not mounted")
    }

    private static func words(in file: String) -> [Substring] {
        ((try? String(contentsOfFile: file, encoding: .utf8)) ?? "").split { $0.isWhitespace }
    }

    /// One write, as these files want it. The kernel lets nobody make them who isn't it.
    private static func write(_ text: String, to file: String, flags: Int32 = O_CREAT) throws(Unavailable) {
        let descriptor = open(file, O_WRONLY | O_CLOEXEC | flags, 0o644)
        guard descriptor >= 0 else {
            throw Unavailable(reason: "\(file) can't be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw Unavailable(reason: "\(file) refuses \(text): \(String(cString: strerror(errno)))")
        }
    }

    // MARK: Groups

    /// One runner's cgroup.
    package struct Group: Sendable {
        package let folder: String

        /// Whether the kernel has ended somebody in it for want of memory.
        package var hasRunOut: Bool {
            let words = RunnerGroups.words(in: "\(folder)/memory.events")
            return zip(words, words.dropFirst()).contains { $0 == "oom_kill" && $1 != "0" }
        }

        /// Ends whoever is left in it and takes it away.
        package func remove() {
            // Older kernels have no such file; the runner's process group has been killed anyway.
            try? RunnerGroups.write("1", to: "\(folder)/cgroup.kill", flags: 0)
            // Those that were killed take a moment to be gone.
            for _ in 0..<100 {
                if rmdir(folder) == 0 || errno == ENOENT { return }
                usleep(1000)
            }
        }
    }

    /// What a process can't be put into a group for.
    package struct Refusal: Error {
        var reason: String
    }

    /// Puts a process, which has not begun to work yet, into a group of its own.
    ///
    /// - Returns: `nil` where memory is watched instead.
    package func group(for runner: Int32, memory: Int) throws(Refusal) -> Group? {
        guard case .groups(let parent) = mechanism else { return nil }
        var folder = ""
        repeat {
            let number = number.withLockedValue { number -> Int in
                number += 1
                return number
            }
            folder = "\(parent)/runner-\(process)-\(number)"
        } while mkdir(folder, 0o755) != 0 && errno == EEXIST
        let group = Group(folder: folder)
        do throws(Unavailable) {
            try Self.write("\(memory)", to: "\(folder)/memory.max")
            // All of it goes, or none: half a runner is none. Kernels without swap have no limit for it.
            try Self.write("1", to: "\(folder)/memory.oom.group")
            try? Self.write("0", to: "\(folder)/memory.swap.max")
            try Self.write("\(runner)", to: "\(folder)/cgroup.procs")
        } catch {
            rmdir(folder)
            throw Refusal(reason: error.reason)
        }
        return group
    }
}
