internal import Codecs
internal import Foundation

/// Where an answer is written: a file, or the standard output.
struct InferAnswerFile {
    private let handle: FileHandle

    /// What is there already of an answer: how many rows, and whether that is all.
    struct Kept {
        var rows = 0
        var isComplete = false
    }

    /// - Parameter path: `nil` is the standard output.
    init(_ path: String?) throws {
        guard let path else {
            handle = .standardOutput
            return
        }
        try Data().write(to: URL(fileURLWithPath: path))
        handle = try Self.open(path)
    }

    /// Goes on behind the last whole row of a file.
    init(goingOnWith path: String, _ format: RowFormat, showsFaults: Bool) throws {
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
        handle = try Self.open(path)
        var answer = AnswerRows(format, hasHeader: true, showsFaults: showsFaults)
        while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { _ = answer.add([UInt8](data)) }
        // Names without a row are written anew.
        try handle.truncate(atOffset: answer.rows == 0 ? 0 : UInt64(answer.bytes))
        kept = Kept(rows: answer.rows, isComplete: answer.isComplete)
    }

    private(set) var kept = Kept()

    private static func open(_ path: String) throws -> FileHandle {
        guard let handle = FileHandle(forUpdatingAtPath: path) else { throw CommandFailure("can't write \(path)") }
        return handle
    }

    func write(_ bytes: [UInt8]) throws {
        if !bytes.isEmpty { try handle.write(contentsOf: Data(bytes)) }
    }
}
