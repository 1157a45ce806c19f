import Foundation
import Testing

/// `docs/first-plugin.md` works exactly as it is written, but for the port, which is a free one here.
@Suite(.enabled(if: !SluiceProgram.isSanitized))
struct GuideTests {
    @Test func everyBlockRunsAndSaysWhatThePageShows() throws {
        let page = try String(
            contentsOf: SluiceProgram.root.appendingPathComponent("docs/first-plugin.md"), encoding: .utf8)
        let blocks = page.matches(of: /```(sh|text)\n((?s:.*?))```/).map { (kind: String($0.1), text: String($0.2)) }
        #expect(blocks.count > 10)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-guide-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }

        let port = try freePort()
        // A mark between blocks tells their outputs apart.
        var script = "set -euo pipefail\n"
        for (index, block) in blocks.enumerated() where block.kind == "sh" {
            script += "echo '=== \(index)'\n\(block.text.replacing("8080", with: "\(port)"))"
            if block.text.contains("plugin new") { script += "sed -i 's/8080/\(port)/' gateway.yaml\n" }
        }
        let outcome = try run(script, in: folder)
        #expect(outcome.status == 0, "\(outcome.output)")

        for (index, block) in blocks.enumerated() where block.kind == "text" {
            let shown =
                outcome.output.components(separatedBy: "=== \(index - 1)\n").last?
                .components(separatedBy: "\n=== ").first ?? ""
            for line in block.text.split(separator: "\n") {
                #expect(shown.contains(line), "block \(index) shows \"\(line)\", and it printed:\n\(shown)")
            }
        }
    }

    private func run(_ script: String, in folder: URL) throws -> (status: Int32, output: String) {
        let log = folder.appendingPathComponent("output.log")
        try Data().write(to: log)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["bash", "-c", script]
        process.currentDirectoryURL = folder
        var variables = ProcessInfo.processInfo.environment
        let programs = SluiceProgram.url.deletingLastPathComponent().path
        variables["PATH"] = "\(programs):\(variables["PATH"] ?? "/usr/bin:/bin")"
        variables["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = variables
        let handle = try FileHandle(forWritingTo: log)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: try Data(contentsOf: log), as: UTF8.self))
    }

    /// A port that was free a moment ago.
    private func freePort() throws -> UInt16 {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try #require(bind(socket, address, length) == 0)
                try #require(getsockname(socket, address, &length) == 0)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}
