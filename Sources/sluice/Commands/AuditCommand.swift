internal import ArgumentParser
internal import Configuration
internal import Foundation
internal import Telemetry

/// `sluice audit`: the log of what was done to a gateway.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Look after the audit log.", subcommands: [VerifyAuditCommand.self])
}

/// `sluice audit verify`: whether the log is as it was written.
struct VerifyAuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check that nothing in an audit log was changed, removed or moved.",
        discussion: """
            Names the first line that is wrong, and ends with 1 then. Files are brought in their order. What is missing at \
            the end can be told only by a hash that was kept elsewhere: see --head, and `sluice admin status`.
            """)

    @Argument(help: "The files, those that were put aside too; by default those of --config.")
    var files: [String] = []

    @Option(help: "A gateway.yaml, whose audit.file and audit.key are used.")
    var config: String?

    @Option(help: "The key that the hashes were made with: env:NAME or file:PATH.")
    var key: String?

    @Option(help: "The hash of a record that must be there.")
    var head: String?

    func validate() throws {
        if files.isEmpty && config == nil { throw ValidationError("name the files, or --config gateway.yaml") }
        if key != nil && config != nil { throw ValidationError("--config names the key already") }
    }

    func run() throws {
        var paths = files
        var secret = try key.map(Self.secret)
        if let config {
            guard let audit = try ConfigurationFile.load(config).configuration.audit else {
                throw ValidationError("\(config) has no audit log")
            }
            secret = audit.key?.bytes
            if paths.isEmpty { paths = AuditLog.files(of: audit.file) }
        }
        var contents: [(path: String, bytes: [UInt8])] = []
        for path in paths {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw ValidationError("can't read \(path)")
            }
            contents.append((path, Array(data)))
        }
        // One without a first record stays where it is named.
        let order = contents.enumerated().sorted { left, right in
            let (a, b) = (
                AuditVerification.firstSequence(left.element.bytes),
                AuditVerification.firstSequence(right.element.bytes)
            )
            return (a ?? .max, left.offset) < (b ?? .max, right.offset)
        }
        var verification = AuditVerification(key: secret, head: head)
        do throws(AuditVerification.Break) {
            for (_, file) in order { try verification.check(file.bytes, file: file.path) }
            try verification.finish()
        } catch {
            print(error.line > 0 ? "\(error.file):\(error.line): \(error.reason)" : error.reason)
            print("\(verification.records) records before it are as they were written")
            throw ExitCode(1)
        }
        print(verification.summary)
    }

    private static func secret(_ reference: String) throws -> [UInt8] {
        if reference.hasPrefix("env:") {
            let name = String(reference.dropFirst(4))
            guard let value = ProcessInfo.processInfo.environment[name] else {
                throw ValidationError("the environment has no variable \"\(name)\"")
            }
            return Array(value.utf8)
        }
        guard reference.hasPrefix("file:") else {
            throw ValidationError("--key takes env:NAME or file:PATH: a key on the command line is seen by others")
        }
        let path = String(reference.dropFirst(5))
        guard var bytes = FileManager.default.contents(atPath: path).map({ Array($0) }) else {
            throw ValidationError("can't read \(path)")
        }
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        return bytes
    }
}

extension AuditVerification {
    fileprivate var summary: String {
        guard let first, let last, let head else { return tornText("no records") }
        let begin = first == 1 ? "" : "; it begins with record \(first), so older files are not here"
        return tornText("good: records \(first) to \(last)\(begin)\nhead: \(head)")
    }

    private func tornText(_ text: String) -> String {
        tornBytes == 0
            ? text
            : text + "\nthe last line has no end (\(tornBytes) bytes): what a gateway leaves behind that is killed"
    }
}
