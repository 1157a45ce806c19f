/// Where the audit log is, and how it is kept.
package struct AuditSettings: Sendable, Equatable {
    /// An absolute path.
    package var path: String
    /// What hashes are made with; `nil` for plain ones.
    package var key: [UInt8]?
    /// The size from which on a file is put aside.
    package var rotate: UInt64
    /// How many files that were put aside are kept.
    package var keep: Int

    package init(path: String, key: [UInt8]?, rotate: UInt64, keep: Int) {
        self.path = path
        self.key = key
        self.rotate = rotate
        self.keep = keep
    }
}

/// Why an audit log can't be had.
package struct AuditFailure: Error, CustomStringConvertible, Sendable {
    package var description: String

    init(_ description: String) {
        self.description = description
    }
}
