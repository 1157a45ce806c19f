internal import Foundation
internal import Glibc

/// The file of an audit log: its end is found again at the start, and it is put aside when it is large.
///
/// One thread at a time uses it.
final class AuditFile {
    private let settings: AuditSettings
    private var handle: FileHandle
    /// Bytes that are known to be written.
    private var size: UInt64 = 0
    var chain: AuditChain
    /// What the first record after opening has to say.
    private(set) var opening = AuditRecord("opened")

    private static let longestLine: UInt64 = 1 << 20

    /// Opens the file, or makes it, and goes on where it ends.
    ///
    /// - Throws: where it can't be opened, or another gateway has it.
    init(_ settings: AuditSettings) throws(AuditFailure) {
        self.settings = settings
        chain = AuditChain(key: settings.key)
        handle = try Self.open(settings.path)
        do {
            let end = try Self.end(of: handle)
            size = end.size
            if end.torn > 0 { opening = opening.with("torn_bytes", Int(end.torn)) }
            if let line = end.line {
                chain = AuditChain(key: settings.key, sequence: line.sequence, head: line.hash)
                if !line.isSealed(key: settings.key) {
                    // Written with another key, or changed: who verifies says which. What comes isn't mixed with it.
                    opening = opening.with("other_key_before", true)
                    try putAside()
                }
            } else if size > 0 {
                // Whatever this is, nothing of ours goes behind it.
                opening = opening.with("unreadable_before", true)
                try putAside(suffix: "unreadable-\(Int(Date().timeIntervalSince1970))")
            } else if let line = Self.putAside(of: settings.path).last.flatMap({ Self.lastLine(of: $0.path) }) {
                // The gateway was killed between putting one file aside and writing to the next.
                chain = AuditChain(key: settings.key, sequence: line.sequence, head: line.hash)
            }
        } catch let error as AuditFailure {
            throw error
        } catch {
            throw AuditFailure("can't go on with \(settings.path): \(Self.text(of: error))")
        }
    }

    /// Lets another one have the file.
    func close() {
        // Closing alone keeps the lock for as long as a child that is just being started has a copy of the descriptor.
        flock(handle.fileDescriptor, LOCK_UN)
        try? handle.close()
    }

    private static func open(_ path: String) throws(AuditFailure) -> FileHandle {
        do {
            if !FileManager.default.fileExists(atPath: path) {
                try Data().write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            }
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw AuditFailure("another process writes to \(path)")
            }
            return handle
        } catch let error as AuditFailure {
            throw error
        } catch {
            throw AuditFailure("can't open \(path): \(text(of: error))")
        }
    }

    private static func text(of error: any Error) -> String { (error as NSError).localizedDescription }

    // MARK: The end of a file

    /// Where a file ends; what a killed gateway left of a last line is cut off.
    private static func end(of handle: FileHandle) throws -> (size: UInt64, torn: UInt64, line: AuditLine?) {
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: size > longestLine ? size - longestLine : 0)
        let tail = Array(try handle.readToEnd() ?? Data())
        guard let newline = tail.lastIndex(of: UInt8(ascii: "\n")) else {
            if size >= longestLine { return (size, 0, nil) }
            try handle.truncate(atOffset: 0)
            return (0, size, nil)
        }
        let torn = UInt64(tail.count - newline - 1)
        if torn > 0 { try handle.truncate(atOffset: size - torn) }
        let start = tail[..<newline].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return (size - torn, torn, AuditLine(tail[start..<newline]))
    }

    private static func lastLine(of path: String) -> AuditLine? {
        let data = FileManager.default.contents(atPath: path)
        return data?.split(separator: UInt8(ascii: "\n")).last.flatMap { AuditLine(Array($0)[...]) }
    }

    // MARK: Writing

    /// Writes whole lines, to the disk. Where that fails nothing of them stays, so that it can be tried again.
    func write(_ lines: [UInt8]) throws(AuditFailure) {
        do {
            try handle.seek(toOffset: size)
            try handle.write(contentsOf: lines)
            try handle.synchronize()
            size += UInt64(lines.count)
        } catch {
            try? handle.truncate(atOffset: size)
            throw AuditFailure("can't write to \(settings.path): \(Self.text(of: error))")
        }
    }

    /// Whether it is time for the next file.
    var isFull: Bool { size >= settings.rotate }

    /// Puts the file aside under the number of its last record, and begins the next one.
    ///
    /// - Returns: names of older files that were removed.
    @discardableResult
    func putAside(suffix: String? = nil) throws(AuditFailure) -> [String] {
        let digits = String(chain.sequence)
        let suffix = suffix ?? String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        do {
            try FileManager.default.moveItem(atPath: settings.path, toPath: "\(settings.path).\(suffix)")
        } catch {
            throw AuditFailure("can't put \(settings.path) aside: \(Self.text(of: error))")
        }
        let next = try Self.open(settings.path)
        try? handle.close()
        handle = next
        size = 0
        let surplus = Self.putAside(of: settings.path).dropLast(settings.keep)
        return surplus.filter { (try? FileManager.default.removeItem(atPath: $0.path)) != nil }.map(\.name)
    }

    /// The files that were put aside, the oldest first.
    static func putAside(of path: String) -> [(name: String, path: String)] {
        let url = URL(fileURLWithPath: path)
        let folder = url.deletingLastPathComponent().path
        let start = url.lastPathComponent + "."
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { name in
            name.hasPrefix(start) && name.utf8.count > start.utf8.count
                && name.utf8.dropFirst(start.utf8.count).allSatisfy { (0x30...0x39).contains($0) }
        }.sorted().map { ($0, "\(folder)/\($0)") }
    }
}
