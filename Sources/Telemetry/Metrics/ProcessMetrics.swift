internal import FoundationEssentials
internal import Glibc

/// What the kernel says of this process, read from /proc at each scrape; values that can't be read are left out.
///
/// The names are those of every Prometheus client library.
struct ProcessMetrics: ExpositionSource {
    private let folder: String
    private let systemStat: String
    private let pageSize: Int
    private let ticksPerSecond: Double

    /// - Parameter folder: of the process; tests give their own.
    init(
        folder: String = "/proc/self", systemStat: String = "/proc/stat",
        pageSize: Int = Int(sysconf(Int32(_SC_PAGESIZE))), ticksPerSecond: Int = Int(sysconf(Int32(_SC_CLK_TCK)))
    ) {
        self.folder = folder
        self.systemStat = systemStat
        self.pageSize = pageSize
        self.ticksPerSecond = Double(max(ticksPerSecond, 1))
    }

    func write(to text: inout String) {
        let stat = statFields()
        if let cpu = cpuSeconds(stat) {
            write("process_cpu_seconds_total", "CPU time spent, user and system.", "counter", cpu, to: &text)
        }
        if let start = startSeconds(stat) {
            write("process_start_time_seconds", "When the process started, in Unix time.", "gauge", start, to: &text)
        }
        if let pages = fields(of: folder + "/statm").dropFirst().first.flatMap({ Int($0) }) {
            let bytes = Double(pages) * Double(pageSize)
            write("process_resident_memory_bytes", "Memory in use (RSS).", "gauge", bytes, to: &text)
        }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: folder + "/fd").count {
            write("process_open_fds", "Open file descriptors.", "gauge", Double(open), to: &text)
        }
    }

    private func write(_ name: String, _ help: String, _ type: String, _ value: Double, to text: inout String) {
        Exposition.writeHeader(name: name, help: help, type: type, to: &text)
        Exposition.writeSample(name: name, labels: "", value: Exposition.text(of: value), to: &text)
    }

    /// The fields of `stat` from the third on: the second, the program's name, may itself hold blanks and brackets.
    private func statFields() -> [Substring] {
        let text = content(of: folder + "/stat")
        guard let bracket = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: bracket)...].split(separator: " ")
    }

    /// Fields 14 and 15 of proc(5).
    private func cpuSeconds(_ stat: [Substring]) -> Double? {
        guard stat.count > 12, let user = Double(stat[11]), let system = Double(stat[12]) else { return nil }
        return (user + system) / ticksPerSecond
    }

    /// Field 22 of proc(5), which counts from the start of the system.
    private func startSeconds(_ stat: [Substring]) -> Double? {
        guard stat.count > 19, let ticks = Double(stat[19]),
            let line = content(of: systemStat).split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let boot = Double(line.dropFirst("btime ".count))
        else { return nil }
        return boot + ticks / ticksPerSecond
    }

    private func fields(of path: String) -> [Substring] { content(of: path).split(separator: " ") }

    private func content(of path: String) -> String {
        guard let bytes = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }
}
