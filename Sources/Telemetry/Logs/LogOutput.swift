internal import Foundation
internal import Glibc

/// Where whole lines of a log go.
package struct LogOutput: Sendable {
    /// Writes some whole lines; throws where they could not be written.
    package let write: @Sendable ([UInt8]) throws -> Void

    package init(write: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.write = write
    }

    package static let standardOutput = LogOutput(FileHandle.standardOutput)
    package static let standardError = LogOutput(FileHandle.standardError)

    /// A file that lines are appended to; it is made where there is none.
    ///
    /// - Throws: the system's error where the file can't be opened for writing.
    package static func file(_ path: String) throws -> LogOutput {
        if !FileManager.default.fileExists(atPath: path) {
            try Data().write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
        }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        // With O_APPEND every write goes to the end, also after a log rotation that truncates the file.
        guard fcntl(handle.fileDescriptor, F_SETFL, O_APPEND) == 0 else {
            throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path])
        }
        return LogOutput(handle)
    }

    private init(_ handle: FileHandle) {
        write = { try handle.write(contentsOf: $0) }
    }
}
