import Foundation

/// Files of the repository that tests read.
enum RepositoryFile {
    /// The files that users start from; each must be free of mistakes.
    static let configurations = ["gateway.yaml", "examples/gateway.minimal.yaml", "examples/gateway.full.yaml"]

    /// The text of the file at `path` below the repository's root.
    static func text(_ path: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try String(contentsOfFile: "/\(root)/\(path)", encoding: .utf8)
    }
}
